"""Texts of dated facts in three languages, with their types, that do not show that it happened."""

from __future__ import annotations

from typing import Final

from tests.cli.importing.corpus import pairs

NOT_SHOWN: Final = pairs("""
opinion: Opinion requested from the Inspector of Finance
opinion: Opinion sought
opinion: Opinion awaited
opinion: Opinion solicited from the Council of State
opinion: Application for an opinion
opinion: Dossier submitted to the Inspector
opinion: Dossier received by the Inspector
opinion: Dossier reçu par l'Inspection
opinion: Dossier ontvangen
opinion: Avis demandé à l'Inspection des finances
opinion: Avis sollicité
opinion: Demande d'avis
opinion: Saisine du Conseil d'État
opinion: Projet d'avis
opinion: Advies gevraagd
opinion: Advies aangevraagd aan de Inspectie
opinion: Aanvraag tot advies
approval: Approval requested
approval: Approval sought
approval: Approval revoked
approval: Approval rescinded by the Council of State
approval: Approval quashed
approval: Approval reversed
approval: Approval lapsed
approval: Approval: tbc
approval: Approval (TBD)
approval: Approved?
approval: Approved (?)
approval: Approval?
approval: Approval …
approval: Approved...
approval: Approval under discussion
approval: Approval on hold
approval: Approval sine die
approval: Approval in sight
approval: Approval slated for June
approval: Approval set for June
approval: Approval on the agenda of June
approval: Approval pencilled in
approval: Approval considered
approval: Approval contemplated
approval: Approval hoped for
approval: Approval in 2024
approval: Approval excluded
approval: Approved in principle
approval: Approved subject to changes
approval: Programme approved, then shelved
approval: Programme approved by nobody
approval: Programme Approved Tentatively
approval: Programme allegedly approved
approval: Programme virtually approved
approval: Programme approved in 2025
approval: Request for approval received
approval: Programme submitted to the Government
approval: Programme sent to the Government
approval: Submission of the programme
approval: Programme to the Government
approval: Half of the programmes approved
approval: Zero programmes approved
approval: Few programmes approved
approval: Approved programme lost
approval: Steps to get the programme approved
approval: Application refused
approval: Approbation postposée
approval: Approbation demandée au Gouvernement
approval: Demande d'approbation
approval: Demande d'approbation introduite
approval: Approbation à confirmer
approval: Approbation en discussion
approval: Approbation en voie de finalisation
approval: Approbation imminente
approval: Approbation sur le point d'intervenir
approval: Approbation visée
approval: Approbation espérée
approval: Approbation convenue pour juin
approval: Approbation gelée
approval: Approuvé ?
approval: Approuvé sous conditions
approval: Approuvé en principe
approval: Programme prétendument approuvé
approval: Programme a prétendument été approuvé
approval: Programme non encore approuvé
approval: Dossier transmis au Gouvernement
approval: Introduction du dossier
approval: Projet d'arrêté
approval: Programme arrêté
approval: Passage au Gouvernement
approval: Programme
approval: Programme passed to committee
approval: Programme approuvé par personne
approval: Decision on the programme
approval: Decision on approval
approval: Reading of the programme
approval: Contrats École series 4 (2023-2027) programmes
approval: Goedkeuring aangevraagd
approval: Goedkeuring gevraagd
approval: Goedkeuring uit te werken
approval: Goedkeuring in het vooruitzicht
approval: Goedkeuring op de agenda
approval: Goedkeuring gehoopt
approval: Goedkeuring in juni beoogd
approval: Goedkeuring ingetrokken
approval: Goedgekeurd onder voorwaarden
approval: Aanvraag tot goedkeuring ontvangen
approval: Programma zogezegd goedgekeurd
approval: Niet goedgekeurd
approval: Indiening van het programma
launched: Launch moved to 2024
launched: Launch pushed back to 2024
launched: Launch date
launched: Date de lancement
launched: Launch frozen
launched: Launch On Ice
launched: LAUNCH FROZEN
launched: Launch under preparation
launched: Launch: 0 of 5
launched: Launch 0/5
launched: Launch in 2024
launched: Lancement décalé en 2024
launched: Lancement gelé
launched: Lancement remis à janvier
launched: Lancement reconduit à 2024
launched: Lancement en phase de préparation
launched: Lancement pour 2024
launched: Lancering verschoven naar 2024
launched: Lancering doorgeschoven
launched: Lancering bevroren
call_launched: Appel à projets gelé
call_launched: Call withdrawn
call_launched: Call being written
call_launched: Oproep in opmaak
call_launched: 18 calls for projects 2021-2027, partly selected
call_closed: Call prolonged
call_closed: Appel prolongé
liquidation: 0 EUR liquidated
liquidation: 0,00 EUR liquidés
liquidation: 0.0 euro vereffend
liquidation: zero EUR liquidated
liquidation: Budget
liquidation: Payment claim
liquidation: Amount reimbursed
liquidation: Néant
liquidation: Geen
liquidation: Nihil
liquidation: n/a
liquidation: -
liquidation: …
liquidation: /
liquidation: 13 %
liquidation: Liquidation nulle
liquidation: Liquidation partielle
liquidation: Liquidation nihil
liquidation: Credits partly liquidated
liquidation: Payment rejected by the bank
liquidation: Paiement retenu
liquidation: Betaling geblokkeerd
commitment: Engagement différé
commitment: Vastlegging uitgesteld
advance: Advance of 20 %
advance: Avance due
advance_paid: Advance reclaimed
contract: Contract cancelled
contract: Contract ended early
contract: Contract opgezegd
contract: Contrat résilié
contract: Marché infructueux
contract: Marché relancé
contract: Attribution caduque
contract: Service contract for schools
convention_signed: Convention being signed
convention_signed: Convention unsigned
convention_signed: Convention out for signature
convention_signed: Convention in the process of signature
convention_signed: Convention drafted
convention_signed: Convention signed by one party
convention_signed: Text of the convention
convention_signed: Date de signature
convention_signed: Convention à la signature
convention_signed: Convention soumise à signature
convention_signed: Projet de convention
convention_signed: Overeenkomst ter ondertekening voorgelegd
convention_signed: Overeenkomst opgezegd
event_held: Event called off
event_held: Event Called Off
event_held: Event virtually cancelled
event_held: Event scrapped
event_held: Meeting fell through
event_held: Meeting room
event_held: Date of the meeting
event_held: Invitation to the meeting
event_held: Réunion n'a pas eu lieu
event_held: Réunion remise
event_held: Évènement supprimé
event_held: Conférence avortée
event_held: Événement tombé à l'eau
event_held: Evenement afgelast
event_held: EVENEMENT AFGELAST
event_held: Evenement afgeblazen
event_held: Vergadering ging niet door
event_held: Vergadering viel in het water
publication: Publication en souffrance
publication: Publication interdite
publication: Publication in the pipeline
study: Study of the canal
study: Study to start
study: Study half done
study: Study 50 % completed
study: 50 % of the study carried out
study: Étude en rade
study: Étude inachevée
study: Étude réalisée à 50 %
study: Studie onvoltooid
study: Studie voor de helft uitgevoerd
selected: Shortlisted
selected: 0 projects selected
selected: Ranking of the projects
selected: Projets présélectionnés
selected: Analysis of the applications
application_received: Application form
selected: Aucun projet sélectionné
selected: Geen enkel project geselecteerd
submission: Dossier recalé
submission: Introduction du dossier (sous réserve)
report_delivered: Report overdue
report_delivered: Rapport attendu
other: Approval discussed
other: Launch announced
other: Réunion remise
other: Suivi de l'appel
other: Goedkeuring voorgesteld
other: Closing of the calls
inauguration: Opening of the swimming pool
approval: Projet d'approbation
approval: Approval project
publication: Projet de publication
publication: Publication project
convention_signed: Convention project
approval: Approval dossier
approval: Approval file
approval: Dossier d'approbation
approval: Dossier de l'approbation
approval: Dossier goedkeuring
approval: Goedkeuring dossier
submission: Submission file
liquidation: Liquidation dossier
awarded: Award file
study_finished: Study dossier
opinion: Avis de marché
commitment: Engagement du personnel
commitment: Engagement de personnel
opinion: Opinion application received
approval: Approved after the opinion
approval: Approved after signature
approval: Approved upon decision
approval: Approved until decision
approval: Approved this spring
approval: Approuvé après avis
approval: Approuvé après signature
approval: Goedgekeurd na advies
approval: Goedgekeurd na beslissing
approval: Approuvé ce printemps
approval: Goedgekeurd deze lente
approval: 3 of 12 projects approved
approval: 3/12 projects approved
approval: 3 out of 12 projects approved
approval: 3 projets sur 12 approuvés
approval: 3 sur 12 projets approuvés
approval: 3 van 12 projecten goedgekeurd
approval: 3 van de 12 projecten goedgekeurd
approval: 3 of the 12 projects approved
approval: Projects approved 3/12
approval: Projects approved: 3 of 12
approval: Projects approved: -
approval: Projects approved -
approval: Projects approved: /
approval: Approved: -
approval: Approved '25
approval: Approved december '30
approval: Approved Q1 25
approval: Approved Q1/25
approval: Approved S1 25
approval: Approved 25 Q1
approval: Approved 01012030
approval: Approved 20300101
approval: Approved (N+1)
approval: Approved N+1
approval: Approuvé (n+1)
approval: Programme approuvé (SAUF lot 2)
approval: approved (OFF)
approval: Programme approved (OFF)
approval: Programme approuvé (GELÉ)
approval: Programme approved OFF
launched: Launch OFF
launched: Launch of the call (OFF)
approval: Programme approved (N+1)
approval: Programme approved in year N+1
approval: Three of the five projects approved
approval: Approval of 3 of 12 projects
commitment: Personnel engagé
commitment: Agents contractuels engagés
opinion: Avis d'attribution
opinion: Advies dossier ontvangen
launched: Launch of the call OFF
""")
