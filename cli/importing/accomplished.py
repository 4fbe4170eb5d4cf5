"""Forms of English, French and Dutch that say that an act was done, by the act; and which acts a type of fact names.

A form is a word or, with `_` between them, several words. A French participle stands for its feminine and its plural too.
Nothing is here that also says a doubt, a wish or an end: "requested" and "cancelled" are no forms of any act.
"""

from __future__ import annotations

from typing import Final

ENGLISH: Final[dict[str, str]] = {
    "approve": "approved validated adopted passed_in passed_by ratified agreed granted decided recorded endorsed confirmed authorised "
    "authorized enacted promulgated voted got_their_approval got_its_approval approval_granted approval_given "
    "approval_obtained approval_received went_through_its_first_reading went_through_its_second_reading "
    "went_through_its_third_reading",
    "refuse": "refused rejected declined denied",
    "select": "selected chosen chose picked designated",
    "retain": "retained",
    "award": "awarded granted allocated allotted appointed designated assigned conferred",
    "notify": "notified sent informed communicated transmitted",
    "start": "started launched began begun opened reopened went_live initiated kicked_off got_under_way came_into_force entered_into_force "
    "took_its_start under_study_since",
    "call": "published issued answered responded went_out invited invited_to_apply "
    "invited_to_submit invited_to_take_part invited_to_tender",
    "close": "closed ended concluded",
    "receive": "received came_in registered submitted lodged introduced filed",
    "submit": "submitted lodged filed introduced sent transmitted deposited handed_in handed_over presented",
    "commit": "committed reserved went_to",
    "pay": "paid liquidated disbursed spent consumed used transferred went_to",
    "sign": "signed concluded countersigned entered_into",
    "do": "carried_out conducted done performed executed undertaken evaluated analysed analyzed examined reviewed "
    "studied surveyed mapped compiled measured implemented realised realized",
    "finish": "finished completed finalised finalized ended concluded delivered closed achieved wound_up",
    "hold": "held organised organized took_place met gathered hosted attended celebrated inaugurated consulted informed "
    "brought_together",
    "publish": "published issued appeared released went_live put_online went_online distributed printed",
    "deliver": "delivered handed_over handed_in submitted received presented sent transmitted supplied provided",
    "advise": "given gave delivered issued received obtained rendered advised favourable positive",
    "change": "amended modified changed adapted updated revised reworked extended added renewed brought_up_to_date "
    "replaced transformed simplified improved reinforced strengthened phased merged moved_in took_in",
    "make": "made built created set_up established formed founded installed constructed renovated restored restructured "
    "planted developed designed drew drawn drew_up drawn_up written wrote elaborated prepared defined "
    "produced put_in_place equipped furnished fitted_out redeveloped rehabilitated converted refurbished digitised",
    "have": "bought acquired purchased sold hired recruited trained engaged obtained got took taken gave given brought "
    "won found listed counted supported helped accompanied assisted guided followed welcomed visited led steered monitored joined "
    "participated contributed funded financed subsidised placed allowed enabled tested connected accommodated housed "
    "assembled compensated inspected cleaned repaired recognised recognized raised served reached taken_note",
}

FRENCH: Final[dict[str, str]] = {
    "approve": "approuvé validé adopté voté ratifié accordé octroyé décidé entériné avalisé autorisé confirmé promulgué "
    "acté pris_acte marqué_son_accord",
    "refuse": "refusé rejeté décliné débouté",
    "select": "sélectionné choisi désigné",
    "retain": "retenu",
    "award": "attribué octroyé accordé alloué adjugé désigné affecté",
    "notify": "notifié envoyé communiqué informé transmis adressé",
    "start": "lancé démarré entamé commencé débuté ouvert rouvert initié inauguré entré_en_vigueur",
    "call": "publié diffusé invité",
    "close": "clôturé clos fermé terminé",
    "receive": "reçu introduit déposé réceptionné enregistré",
    "submit": "introduit déposé transmis envoyé soumis adressé présenté",
    "commit": "engagé réservé affecté",
    "pay": "liquidé payé versé mandaté consommé utilisé dépensé décaissé",
    "sign": "signé conclu contresigné passé",
    "do": "réalisé effectué exécuté mené accompli évalué analysé examiné étudié recensé mesuré cartographié",
    "finish": "terminé achevé finalisé clôturé livré clos accompli",
    "hold": "tenu organisé réuni a_eu_lieu ont_eu_lieu inauguré consulté informé rencontré célébré",
    "publish": "publié paru diffusé imprimé distribué mis_en_ligne mises_en_ligne été_mise_en_ligne",
    "hand": "remis",
    "deliver": "livré rendu transmis déposé reçu fourni présenté envoyé communiqué",
    "advise": "rendu remis émis donné reçu obtenu délivré favorable positif positive",
    "change": "modifié adapté actualisé amendé revu révisé remanié prolongé étendu ajouté renouvelé remplacé transformé "
    "simplifié amélioré renforcé mis_à_jour mises_à_jour été_mise_à_jour complété",
    "make": "créé construit constitué installé formé établi rénové restauré planté développé conçu élaboré rédigé préparé "
    "défini aménagé équipé réaménagé réhabilité reconverti mis_en_place mises_en_place été_mise_en_place "
    "mis_en_service été_mise_en_service mis_en_œuvre mises_en_œuvre été_mise_en_œuvre fondé numérisé",
    "have": "acquis acheté vendu recruté engagé obtenu soutenu aidé accompagné accueilli visité financé subsidié "
    "subventionné formé testé indemnisé nettoyé réparé reconnu hébergé logé participé contribué placé servi dirigé pris "
    "donné sensibilisé raccordé démoli",
}

DUTCH: Final[dict[str, str]] = {
    "approve": "goedgekeurd gevalideerd aangenomen bekrachtigd aanvaard toegekend beslist besliste gestemd vastgesteld toegestaan "
    "bevestigd geratificeerd akte_genomen verleend",
    "refuse": "geweigerd afgewezen verworpen",
    "select": "geselecteerd gekozen aangeduid uitgekozen aangewezen selecteerde selecteerden koos kozen",
    "retain": "weerhouden",
    "award": "toegekend gegund toegewezen verleend aangesteld aangeduid",
    "notify": "betekend meegedeeld medegedeeld verzonden verstuurd bezorgd ingelicht geïnformeerd overgemaakt",
    "start": "gelanceerd gestart opgestart begonnen aangevat geopend heropend ingehuldigd lanceerde lanceerden "
    "opende openden startte startten begon ging_van_start gingen_van_start van_start_gegaan in_werking_getreden uitgeschreven",
    "call": "gepubliceerd uitgeschreven uitgenodigd verspreid",
    "close": "afgesloten gesloten beëindigd",
    "receive": "ontvangen ingediend binnengekomen geregistreerd",
    "submit": "ingediend overgemaakt verzonden verstuurd bezorgd neergelegd ingeleverd",
    "commit": "vastgelegd gereserveerd",
    "pay": "betaald vereffend gestort uitbetaald verbruikt besteed gebruikt betaalde betaalden uitgegeven",
    "sign": "ondertekend getekend gesloten afgesloten ondertekende ondertekenden",
    "do": "uitgevoerd verricht geëvalueerd onderzocht geanalyseerd bestudeerd gemeten geïnventariseerd gerealiseerd "
    "afgenomen",
    "finish": "afgerond voltooid beëindigd afgewerkt opgeleverd gefinaliseerd afgesloten",
    "hold": "gehouden georganiseerd plaatsgevonden vond_plaats vonden_plaats doorgegaan ging_door gingen_door "
    "samengekomen vergaderd ingehuldigd gevierd geraadpleegd ingericht organiseerde organiseerden kwam_samen kwamen_samen",
    "publish": "gepubliceerd publiceerde publiceerden verschenen uitgebracht uitgegeven verspreid online_gezet gedrukt bekendgemaakt",
    "deliver": "opgeleverd afgeleverd geleverd ingediend bezorgd ontvangen overhandigd overgemaakt ingeleverd",
    "advise": "uitgebracht verleend gegeven ontvangen verkregen afgeleverd gunstig positief",
    "change": "gewijzigd aangepast bijgewerkt geactualiseerd herzien verlengd uitgebreid toegevoegd hernieuwd vervangen "
    "vereenvoudigd verbeterd versterkt omgevormd aangevuld geamendeerd",
    "make": "gemaakt gebouwd opgericht gevormd geïnstalleerd gerenoveerd gerestaureerd aangeplant ontwikkeld ontworpen "
    "opgesteld uitgewerkt geschreven voorbereid gedefinieerd samengesteld aangelegd heraangelegd uitgerust ingevoerd "
    "in_gebruik_genomen op_punt_gesteld opgezet gedigitaliseerd",
    "have": "aangekocht verworven gekocht verkocht aangeworven gerekruteerd opgeleid verkregen gekregen ondersteund "
    "begeleid geholpen gefinancierd gesubsidieerd opgevolgd bezocht onthaald getest hersteld erkend gehuisvest "
    "deelgenomen bijgedragen geplaatst aangesloten gesloopt genomen gegeven",
}

# Nouns of an act, and of things that belong to that act alone, in the three languages. In a record without a verb they count for their
# act only: "Submission of the programme" is no approval.
NOUNS: Final[dict[str, str]] = {
    "approve": "approval validation adoption ratification agreement "
    "approbation validation adoption accord octroi "
    "goedkeuring validatie aanneming bekrachtiging akkoord toekenning",
    "refuse": "refusal rejection refus rejet weigering afwijzing",
    "select": "selection choice designation sélection choix désignation selectie keuze aanduiding",
    "award": "award grant allocation appointment subsidy attribution octroi désignation subvention subside "
    "toekenning gunning toewijzing aanstelling subsidie",
    "notify": "notification notice letter communication lettre courrier betekening kennisgeving brief mededeling",
    "start": "launch start opening beginning lancement démarrage début ouverture "
    "lancering start opstart opening aanvang",
    "call": "launch opening publication invitation application lancement ouverture candidature lancering kandidatuur",
    "close": "closing closure end clôture fermeture fin afsluiting sluiting einde application candidature kandidatuur",
    "receive": "receipt application reception candidature demande réception dépôt ontvangst aanvraag kandidatuur kandidaturen",
    "submit": "submission filing application introduction dépôt transmission envoi remise demande candidature "
    "indiening neerlegging overmaking aanvraag kandidatuur",
    "commit": "commitment engagement vastlegging",
    "pay": "payment liquidation disbursement paiement liquidation versement betaling vereffening storting",
    "sign": "signature signing conclusion ondertekening sluiting",
    "finish": "completion end finalisation closure achèvement fin finalisation clôture voltooiing afronding einde",
    "hold": "meeting session event workshop conference seminar inquiry enquiry consultation hearing visit day fair "
    "ceremony inauguration information committee group groupe werkgroep sub meetings training webinar exhibition forum festival concert "
    "réunion séance événement évènement atelier conférence séminaire enquête consultation audition visite journée foire "
    "cérémonie inauguration information comité formation webinaire exposition colloque rencontre salon "
    "vergadering zitting evenement atelier workshop conferentie seminarie onderzoek raadpleging bezoek dag beurs "
    "plechtigheid inhuldiging infosessie comité opleiding webinar tentoonstelling colloquium ontmoeting bijeenkomst",
    "publish": "publication release issue parution diffusion publicatie bekendmaking uitgave",
    "deliver": "delivery submission handover remise livraison transmission dépôt oplevering levering indiening",
    "advise": "opinion advice avis advies",
}

# Acts whose forms say something of other things too: the text must name the act itself, or money, for people are hired and
# associations wound up with the same words.
# Without an article a French "avis de ..." is a notice: "avis de marché".
MONEY: Final = (
    r"€|\b(?:eur|euros?|crédits?|credits?|kredieten|krediet|budgets?|begroting|montants?|amounts?|bedrag(?:en)?|funds|fonds|milli(?:ons?|ards?)"
    r"|miljoen|miljard|subside?s?|subsid(?:y|ies?)|subventions?|grants?|avances?|advances?|acomptes?|voorschot(?:ten)?|tranches?"
    r"|schij(?:f|ven)|soldes?|saldo|balance|instalments?|marchés?|public contracts?|overheidsopdracht(?:en)?)\b"
)
STAFF: Final = r"(?<!crédits de )\b(?:agents?|experts?|travailleurs?|personnel|personeel|staff|etp|fte|vte)\b"
NAMED: Final[dict[str, str]] = {
    "opinion": r"\b(?:opinions?|advice|advie(?:s|zen)|avis(?! d(?:'(?!un)|e (?!l'|la ))))\b",
    "commitment": rf"^(?!.*{STAFF}).*(?:{MONEY})",
    "liquidation": MONEY,
}
# A study is done by any of these.
STUDYING: Final = ("start", "do", "finish", "deliver", "publish", "make")
# Acts whose words say something else of other things: what is "remis" can be put off, what is "retained" withheld.
NARROW: Final = frozenset({"advise", "hand", "retain"})
# What a type of fact is done by; a type that is not here, by any act that is not narrow.
ACTS: Final[dict[str, tuple[str, ...]]] = {
    "submission": ("submit", "receive", "hand"),
    "approval": ("approve",),
    "refusal": ("refuse",),
    "selected": ("select", "retain"),
    "awarded": ("award",),
    "notified": ("notify",),
    "launched": ("start", "call"),
    "call_launched": ("start", "call"),
    "call_closed": ("close",),
    "application_received": ("receive",),
    "opinion": ("advise",),
    "commitment": ("commit",),
    "liquidation": ("pay",),
    "advance": ("pay",),
    "advance_paid": ("pay",),
    "convention_signed": ("sign",),
    "contract": ("sign", "award"),
    "study": STUDYING,
    "study_started": ("start",),
    "study_finished": ("finish", "do", "deliver"),
    "event_held": ("hold",),
    "public_inquiry": ("hold", "do", "close"),
    "publication": ("publish",),
    "published": ("publish",),
    "report_delivered": ("deliver", "hand"),
}
