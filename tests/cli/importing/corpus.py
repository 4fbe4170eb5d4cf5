"""Texts of dated facts in three languages, with their types, that show that it happened."""

from __future__ import annotations

from typing import Final


def pairs(lines: str) -> list[tuple[str, str]]:
    """Return (type, text) of lines `type: text`."""
    found = (line.partition(": ") for line in lines.strip().splitlines())
    return [(kind.strip(), text.strip()) for kind, _, text in found]


SAID: Final = pairs("""
approval: Programme approved
approval: Programmes of the first series were validated as planned
approval: Decree passed in third reading
approval: Mobility masterplan adopted by the Government on 12 May 2023
approval: Funding for the skatepark has been granted
approval: Study zone of CRU 8 agreed
approval: Budget for 2024 approved
approval: Le programme a été approuvé par le Gouvernement
approval: Programme approuvé par le Gouvernement
approval: Ordonnance adoptée en deuxième lecture
approval: Le Gouvernement a validé les programmes des contrats de quartier
approval: Les crédits ont été octroyés
approval: Arrêté ministériel adopté
approval: Het programma werd goedgekeurd door de regering
approval: Programma goedgekeurd
approval: De regering heeft het reglement goedgekeurd
approval: Ordonnantie aangenomen in derde lezing
approval: Subsidie toegekend
refusal: Application refused
refusal: Dossier refusé par la commission
refusal: Aanvraag geweigerd
selected: OS 5.1 projects selected
selected: Two zones chosen: CRU 6 Simonis, CRU 7 Midi
selected: Trois projets ont été retenus
selected: Le jury a sélectionné 12 projets
selected: Vijf projecten werden geselecteerd
selected: Perimeters aangeduid
awarded: Subsidies granted to 14 municipalities
awarded: Marché de services attribué
awarded: Opdracht gegund aan een architect
notified: Decision notified to the municipalities
notified: Décision notifiée aux communes
notified: Beslissing betekend
launched: Works at the Abattoirs started in March 2023
launched: Campaign launched
launched: Les travaux ont démarré
launched: Campagne lancée en avril 2023
launched: De werken zijn gestart
launched: Campagne gelanceerd in april 2023
call_launched: Call for applications launched for 14th CQD series
call_launched: Municipalities were invited to apply
call_launched: Appel à projets lancé le 3 mars 2023
call_launched: L'appel à candidatures a été publié
call_launched: De oproep werd gelanceerd
call_launched: Projectoproep gepubliceerd
call_closed: Calls for projects closed
call_closed: Appel clôturé
call_closed: Oproep afgesloten op 31 maart 2023
application_received: 24 applications received
application_received: 24 candidatures reçues
application_received: 24 kandidaturen ontvangen
submission: Final report submitted by Etterbeek
submission: Dossier introduit par la commune
submission: Dossier remis à la Région
submission: Dossier ingediend door de gemeente
opinion: Advice given on the texts about pre-emption
opinion: Positive opinion on the file
opinion: The opinion was favourable
opinion: Avis favorable de l'Inspection des finances
opinion: L'avis a été rendu
opinion: Le Conseil a remis son avis
opinion: Gunstig advies van de Inspectie van Financiën
opinion: Advies uitgebracht
commitment: Public contract committed, 187 000 EUR in C credits
commitment: 4,38 millions EUR engagés
commitment: 12.500.000 euro vastgelegd
liquidation: 13 % of 2023 liquidation credits consumed at semester close
liquidation: 95 % des crédits ont été liquidés
liquidation: 1,2 miljoen euro werd vereffend
liquidation: Subside liquidé
liquidation: Subside liquidé à 100 %
liquidation: La première tranche du subside a été liquidée
liquidation: The year's credits were used
liquidation: Liquidés : 4,38 millions EUR
liquidation: Kredieten van 2023 vereffend
liquidation: Crédits budgétaires liquidés
liquidation: 13 % des crédits de 2023 liquidés
commitment: Marchés publics engagés
commitment: La Région a engagé 4 millions EUR pour le parc
commitment: De regering heeft 12 miljoen euro vastgelegd
commitment: The Region has committed the budget of the programme
advance: 20 % advance paid
advance: Avance versée aux bénéficiaires
advance: Voorschot uitbetaald
advance_paid: Advance on the convention paid
advance_paid: Avance de 20 % versée
advance_paid: Voorschot betaald
convention_signed: Convention signed with all partners
convention_signed: Les conventions ont été signées
convention_signed: Overeenkomsten ondertekend
contract: Contract signed
contract: Contrat conclu avec l'opérateur
contract: Contract ondertekend
study: Study of the canal zone carried out
study: L'étude a été réalisée
study: De studie werd uitgevoerd
study_started: CRU 8 study started
study_started: Étude entamée
study_started: Studie aangevat
study_finished: Study of 14 sites 100 % completed
study_finished: Étude achevée
study_finished: Studie afgerond
event_held: Information session held for residents
event_held: The committee met in June 2023
event_held: La réunion a eu lieu
event_held: Atelier organisé avec les habitants
event_held: De vergadering vond plaats
event_held: Infosessie gehouden
public_inquiry: Residents were consulted on the programmes
public_inquiry: L'enquête publique a été organisée
public_inquiry: Openbaar onderzoek gehouden
publication: Report published
publication: Brochure parue
publication: Brochure verschenen
published: Guide for municipalities published
published: Guide publié
published: De gids werd gepubliceerd
report_delivered: Etterbeek delivered its final report
report_delivered: Rapport remis
report_delivered: Het verslag werd bezorgd
other: Three playgrounds were built
other: Accounts of Jette and Uccle, so 2 out of 13, were closed
approval: Programme of the CRU approved by the RBC
commitment: Crédits de personnel engagés
other: Guide to European rules was written
other: Decree amended
other: L'outil a été mis en ligne
other: Parc réaménagé
other: Twee speelpleinen aangelegd
other: Personeel aangeworven
inauguration: Swimming pool opened
inauguration: Piscine inaugurée
inauguration: Zwembad ingehuldigd
""")

RECORDED: Final = pairs("""
call_closed: Closing of calls
call_closed: Clôture de l'appel à projets
call_closed: Afsluiting van de oproep
call_launched: Call for applications, Contrats École series 5 (2024-2028)
call_launched: Public contract for three financial instruments
call_launched: Lancement de l'appel à projets
call_launched: Lancering van de oproep
convention_signed: Convention on AMO/MOD services for school project owners
convention_signed: Signature de la convention par les partenaires
convention_signed: Ondertekening van de overeenkomst
event_held: Information session on calls for projects
event_held: FR and NL school project follow-up working groups
event_held: Réunion du comité
event_held: Vergadering van de werkgroep
selected: Contrats École series 5 (2024-2028)
selected: Single RBC project for second EUI-IA call
selected: Sélection de 12 projets
selected: Selectie van de projecten
awarded: React-EU subsidies (repeated in action list)
awarded: Subsidies of specific objective 4.3
awarded: Attribution du marché public
approval: Approbation du programme par le Gouvernement
approval: Goedkeuring van het programma
opinion: Opinion on the pre-emption texts
opinion: Avis de l'Inspection des finances
opinion: Avis du Conseil
opinion: Advies van de Raad van State
public_inquiry: Public inquiries on the 13th series programmes
published: Guide «Repenser la cour de récréation»
report_delivered: Report and map atlas on facilities of the RBC
liquidation: Liquidation de la première tranche
liquidation: Vereffening van het saldo
submission: Introduction du dossier par la commune
publication: Publication van de brochure
commitment: Engagement de 187 000 EUR
approval: Approval by the Government in 2023
approval: Approbation par le Gouvernement en juin 2023
approval: Goedkeuring door de regering in 2023
""")
