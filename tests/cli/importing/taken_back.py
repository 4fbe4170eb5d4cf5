"""Texts of dated facts in three languages, with their types, in which what stands around an act takes it back.

It is a condition, a question, a heading, hearsay, a part, a later year, or makes another thing of it.
"""

from __future__ import annotations

from typing import Final

from tests.cli.importing.corpus import pairs

TAKEN_BACK: Final = pairs("""
approval: Once approved
approval: When approved
approval: Assuming that the budget is approved
approval: Dès que le programme est approuvé
approval: Lorsque le programme est approuvé
approval: Lorsqu'il est approuvé
approval: Wanneer goedgekeurd
approval: Zodra het programma is goedgekeurd
approval: After the programme is approved
approval: Opposition à ce que le programme soit approuvé
convention_signed: Once the convention is signed
launched: When works have started
approval: Is the programme approved
approval: In 2023, was the programme approved
approval: Whether the programme was approved
approval: Le programme est-il approuvé
approval: Est-ce que le programme est approuvé
approval: Was het programma goedgekeurd
approval: Heeft de regering het programma goedgekeurd
approval: Condition de réussite : budget approuvé
approval: Condition: budget approved
approval: Voorwaarde: begroting goedgekeurd
approval: Hypothèse : budget approuvé
approval: Seuil vert : programme approuvé
approval: Green: programme approved
approval: Groene drempel: programma goedgekeurd
approval: Milestone: programme approved
approval: Milestone 2: programme approved
approval: Indicateur : programme approuvé
approval: Indicateur - programme approuvé
approval: Indicator - programme approved
approval: Planning : programme approuvé
approval: Planning: programme approved
approval: Ambition : programme approuvé
approval: Souhait : programme approuvé
liquidation: Minimum 90 % liquidated
liquidation: Minimum 90 % of the credits liquidated
event_held: Indicateur : réunion
approval: Only one programme approved
approval: Un seul programme approuvé
approval: Slechts één programma goedgekeurd
approval: Most programmes approved
approval: La plupart des programmes approuvés
approval: De meeste programma's goedgekeurd
approval: A third of the programmes approved
approval: Two thirds of the programmes approved
approval: One in two programmes approved
approval: Un programme sur deux approuvé
approval: Un quart des programmes approuvés
approval: Un tiers des programmes approuvés
approval: Een derde van de programma's goedgekeurd
convention_signed: Une partie des conventions signées
convention_signed: 3 conventions signed of 12
approval: 2 programmes approuvés (sur 5)
approval: 2 programma's goedgekeurd (van de 5)
approval: 2 programmes approuvés sur 5 introduits
approval: Rumours that the programme was approved
approval: Reports that the programme was approved
approval: According to the press, programme approved
approval: Volgens de gemeente goedgekeurd
approval: Programma goedgekeurd volgens de gemeente
approval: Programme approuvé selon la commune
approval: Selon la commune, programme approuvé
approval: Il paraît que le programme est approuvé
approval: On dit que le programme est approuvé
approval: Programme approved: KO
approval: Programme approuvé : KO
approval: Programma goedgekeurd: NEE
approval: Programme approuvé : NC
approval: Programme approuvé (NC)
approval: Programme approuvé ND
approval: Programme approved: N
approval: Programme approved: X
approval: Programme approved X
approval: Programme approved: FALSE
approval: Programme approved FALSE
approval: KO: programme approved
approval: Programme KO approved
approval: Programme approved Tentatively by the board
approval: Désaccord acté
approval: Absence d'accord confirmée
approval: Programme approuvé le 31 décembre 30
approval: Programme approved on 31 December 30
approval: Programme approved on December 31, 30
approval: Programme approuvé le 1er mars 29
approval: Programma goedgekeurd op 12 mei 29
approval: Programme approved 12-29
approval: Programme approved 12.29
approval: Programme approved 2023/30
approval: Programme approved 2023-24
approval: Programme approved FY29
approval: Programme approved FY 29
approval: Programme approved 29-05-12
approval: Programme approved 12 05 29
approval: Programme approved 31/12/2 030
approval: Programme approved in 30
approval: In 30 approved
opinion: Opinion survey
event_held: Event budget
event_held: Festival programme
event_held: Committee room
awarded: Award report
awarded: Rapport d'attribution
awarded: Report of the award
call_launched: Call for tenders unsuccessful published
selected: Unsuccessful candidates selected
approval: Adoption campaign
approval: Validation tool
approval: Goedkeuring campagne
commitment: Coordinateur engagé
commitment: 5 ETP engagés
commitment: Commission engaged
commitment: Expert committed
liquidation: ASBL liquidée
liquidation: Vzw vereffend
liquidation: Liquidation of the company
approval: Provided the programme is approved
approval: In case the programme is approved
approval: On condition the budget is approved
approval: As the programme is approved
approval: As approved
approval: While the programme is approved
approval: To approved programmes
approval: Procedure for the programme approved
approval: Question: programme approved
approval: Question of the programme approved
approval: Plan: programme approved
approval: Plan for approved programme
approval: Budget: programme approved
approval: Result: programme approved
approval: Résultat : programme approuvé
approval: Texte approuvé : N
approval: Programme approuvé : D
approval: Programme approuvé : L
approval: Programme approved: S
approval: Programme approved: A
approval: Programme approuvé: A
approval: programme approved - KO
approval: Programme approuvé/KO
approval: Programme approuvé en KO
approval: Programme approved in ND
approval: Programme approved and KO
approval: Mesure : programme approuvé
approval: Étape 2 : programme approuvé
approval: Phase 2: programme approved
approval: Some programmes approved
approval: Several programmes approved
approval: Certains programmes approuvés
approval: Sommige programma's goedgekeurd
approval: All but one programme approved
approval: One programme of the five approved
approval: One of the programmes approved
approval: Un des programmes approuvés
approval: Une des conventions approuvées
approval: Een van de programma's goedgekeurd
approval: Approved 12/29
approval: Approved 29/12
approval: Approved 12.29
approval: Approved '29 December
approval: Approved 2 030
approval: Approved 20 30
approval: Approved 20-30
approval: Approved 2o30
approval: Approved in year 30
approval: Approved in 30 months
approval: Approuvé dans 30 jours
approval: Approuvé dans deux mois
approval: Approved in two months
approval: Goedgekeurd in twee maanden
approval: approved 1.1.30
approval: Approved MMXXX
approval: Approved 12/2 030
approval: Approved on 31 12 2030
approval: Approved (n° 30)
approval: Approved 29 mai 30
approval: Approved 30%
approval: The press has approved the programme
approval: Programme approved by the press
approval: Minister said programme approved
approval: Programme approved on paper
approval: Had the programme been approved
approval: Etterbeek: is the programme approved
approval: Programme approved - is it
approval: The approved programme
approval: Approved programmes
approval: List of approved programmes
approval: Number of programmes approved
approval: Nombre de programmes approuvés
approval: Aantal programma's goedgekeurd
approval: Liste des programmes approuvés
approval: Budget of approved programmes
approval: Study of approved programmes
approval: Evaluation of the approved programmes
approval: Évaluation des programmes approuvés
approval: Evaluatie van de goedgekeurde programma's
approval: Projects with approved programme
approval: Campaign on the approved programme
approval: Modification of the approved programme
approval: Refusal approved
approval: Retrait approuvé
approval: End of programme approved
approval: Request approved
convention_signed: Draft of convention signed
convention_signed: Convention for signing
convention_signed: Convention signed in part
event_held: Festival budget
event_held: Call for event
event_held: Meeting documents
event_held: Report on meeting
event_held: Note sur la réunion
event_held: Nota over vergadering
event_held: Budget for the event
event_held: Budget pour la réunion
event_held: Contract for the event
event_held: Marché pour l'exposition
event_held: Residents
event_held: Schools
event_held: School
opinion: Opinion poll
opinion: Enquête d'opinion
commitment: Crédits
commitment: Expert engaged for budget
commitment: Budget expert engaged
commitment: Engagement d'un expert budget
commitment: Engagement of 5 experts, 187 000 EUR
commitment: 12 agents engagés, 500 000 EUR
approval: La majorité des programmes approuvés
approval: Une série de programmes approuvés
approval: D'après la presse, programme approuvé
approval: Naar verluidt goedgekeurd
approval: Programme approuvé : N.C.
approval: Programme approved: NO
approval: Report de l'accord acté
approval: Approved 31 / 12 / 30
approval: Approved in the year thirty
event_held: Concert hall
event_held: Programme du festival
awarded: Grant scheme
opinion: Bureau d'avis
liquidation: Vennootschap vereffend
commitment: Jardiniers engagés
commitment: 2 personnes engagées sur budget
commitment: Architecte engagé pour 50.000 EUR
commitment: Une architecte engagée par crédit
commitment: La commune a engagé un architecte pour 50.000 EUR
commitment: La commune a engagé 2 personnes sur budget
commitment: Engagement d'un architecte, 50.000 EUR
commitment: Engagée sur budget
commitment: Architect committed, 187 000 EUR
commitment: Architect vastgelegd voor 50.000 euro
liquidation: Association liquidée avec subside
liquidation: ASBL liquidée, subside rendu
liquidation: Budget de la société liquidée
liquidation: Budget of the company liquidated
liquidation: Budget, société liquidée
liquidation: Le budget et la société ont été liquidés
liquidation: Liquidation de la société, subside
liquidation: Vereniging met subsidie vereffend
liquidation: 50 % du subside liquidé
liquidation: Subside liquidé à 50 %
liquidation: Subside liquidé 80%
liquidation: Subside liquidé (50 %)
liquidation: Crédits liquidés à 95 %
liquidation: 1/2 du subside liquidé
liquidation: 50 % of the grant paid
liquidation: 50 % des crédits du subside liquidés
commitment: Crédits architecte engagé
commitment: 50.000 EUR architecte engagé
commitment: Marché, architecte engagé
liquidation: 50 % van de subsidie vereffend
liquidation: Liquidation de 50 % du subside
commitment: 12,5 % du budget engagé
commitment: Engagement de 1/2 du subside
report_delivered: Rapport
report_delivered: Report
report_delivered: Verslag
report_delivered: Rapport final
report_delivered: Rapport 2023
report_delivered: Rapport in 2023
report_delivered: Rapport (2023)
published: Guide
approval: Programme in 2023
approval: Approval by the Government in 2024
""")
