"""Words for the values that contracts name in English: kinds, bodies, steps, types of facts. One row per value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.reporting.render.words.label import Label

# What a dossier is.
DOSSIER_KINDS: Final[Mapping[str, Label]] = {
    "programme": Label("programme", "programma", "programme"),
    "call": Label("appel à projets", "projectoproep", "call for projects"),
    "subsidy": Label("subvention", "subsidie", "subsidy"),
    "procurement": Label("marché public", "overheidsopdracht", "procurement"),
    "plan": Label("plan", "plan", "plan"),
    "regulation": Label("texte réglementaire", "regelgeving", "regulation"),
    "study": Label("étude", "studie", "study"),
    "agreement": Label("accord", "akkoord", "agreement"),
    "project": Label("projet", "project", "project"),
}

# Where a dossier stands.
DOSSIER_STATES: Final[Mapping[str, Label]] = {
    "open": Label("en cours", "lopend", "open"),
    "suspended": Label("suspendu", "opgeschort", "suspended"),
    "stopped": Label("arrêté", "stopgezet", "stopped"),
    "merged": Label("fusionné", "samengevoegd", "merged"),
    "completed": Label("terminé", "voltooid", "completed"),
}

# What a planned step waits for.
MILESTONES: Final[Mapping[str, Label]] = {
    "call": Label("appel", "oproep", "call"),
    "application": Label("demande", "aanvraag", "application"),
    "complete_application": Label("demande complète", "volledige aanvraag", "complete application"),
    "instruction": Label("instruction", "behandeling", "instruction"),
    "impact_test": Label("test d’impact", "impacttoets", "impact test"),
    "opinion": Label("avis", "advies", "opinion"),
    "budget_agreement": Label("accord du Budget", "akkoord van Begroting", "budget agreement"),
    "approval": Label("approbation", "goedkeuring", "approval"),
    "commitment": Label("engagement", "vastlegging", "commitment"),
    "notification": Label("notification", "kennisgeving", "notification"),
    "convention": Label("convention", "overeenkomst", "convention"),
    "advance": Label("acompte", "voorschot", "advance"),
    "claim": Label("déclaration de créance", "schuldvordering", "claim"),
    "liquidation": Label("liquidation", "vereffening", "liquidation"),
    "justification": Label("justification", "verantwoording", "justification"),
    "final_account": Label("compte final", "eindrekening", "final account"),
    "public_inquiry": Label("enquête publique", "openbaar onderzoek", "public inquiry"),
    "study": Label("étude", "studie", "study"),
    "publication": Label("publication", "publicatie", "publication"),
    "other": Label("étape", "stap", "step"),
}

# Who decides or advises.
BODIES: Final[Mapping[str, Label]] = {
    "government": Label("Gouvernement", "Regering", "Government"),
    "minister": Label("ministre", "minister", "minister"),
    "budget_minister": Label("ministre du Budget", "minister van Begroting", "Budget minister"),
    "inspector_of_finance": Label("Inspecteur des Finances", "Inspecteur van Financiën", "Inspector of Finance"),
    "council_of_state": Label("Conseil d’État", "Raad van State", "Council of State"),
    "controller": Label("contrôleur", "controleur", "controller"),
    "administration": Label("administration", "administratie", "administration"),
    "monitoring_committee": Label("comité de suivi", "toezichtscomité", "monitoring committee"),
    "european_commission": Label("Commission européenne", "Europese Commissie", "European Commission"),
    "municipality": Label("commune", "gemeente", "municipality"),
    "parliament": Label("Parlement", "Parlement", "Parliament"),
    "other": Label("autre instance", "andere instantie", "other body"),
}

# What is approved.
APPROVAL_STEPS: Final[Mapping[str, Label]] = {
    "perimeter": Label("périmètre", "perimeter", "perimeter"),
    "conditions": Label("conditions", "voorwaarden", "conditions"),
    "selection": Label("sélection", "selectie", "selection"),
    "programme": Label("programme", "programma", "programme"),
    "grant": Label("subvention", "subsidie", "grant"),
    "draft": Label("projet de texte", "ontwerptekst", "draft"),
    "first_reading": Label("première lecture", "eerste lezing", "first reading"),
    "second_reading": Label("deuxième lecture", "tweede lezing", "second reading"),
    "third_reading": Label("troisième lecture", "derde lezing", "third reading"),
    "provisional": Label("approbation provisoire", "voorlopige goedkeuring", "provisional approval"),
    "final": Label("approbation définitive", "definitieve goedkeuring", "final approval"),
    "amendment": Label("modification", "wijziging", "amendment"),
    "final_account": Label("compte final", "eindrekening", "final account"),
    "other": Label("autre étape", "andere stap", "other step"),
}

# What happened in a dossier, by event.
STEPS: Final[Mapping[str, Label]] = {
    "call-launched": Label("appel lancé", "oproep gelanceerd", "call launched"),
    "call-closed": Label("appel clôturé", "oproep afgesloten", "call closed"),
    "public-inquiry-opened": Label("enquête publique ouverte", "openbaar onderzoek geopend", "public inquiry opened"),
    "public-inquiry-closed": Label("enquête publique close", "openbaar onderzoek gesloten", "public inquiry closed"),
    "appeal-lodged": Label("recours introduit", "beroep ingesteld", "appeal lodged"),
    "appeal-decided": Label("recours tranché", "beroep beslecht", "appeal decided"),
    "application-received": Label("demande reçue", "aanvraag ontvangen", "application received"),
    "application-completed": Label("demande complète", "aanvraag volledig", "application complete"),
    "impact-test-attached": Label("test d’impact joint", "impacttoets toegevoegd", "impact test attached"),
    "opinion-requested": Label("avis demandé", "advies gevraagd", "opinion requested"),
    "opinion-issued": Label("avis rendu", "advies gegeven", "opinion given"),
    "opinion-overridden": Label("passé outre à l’avis", "advies niet gevolgd", "opinion overridden"),
    "approval-requested": Label("approbation demandée", "goedkeuring gevraagd", "approval requested"),
    "approval-granted": Label("approuvé", "goedgekeurd", "approved"),
    "approval-refused": Label("refusé", "geweigerd", "refused"),
    "approval-withdrawn": Label("approbation retirée", "goedkeuring ingetrokken", "approval withdrawn"),
    "decision-notified": Label("décision notifiée", "beslissing meegedeeld", "decision notified"),
    "project-selected": Label("projet sélectionné", "project geselecteerd", "project selected"),
    "contract-awarded": Label("marché attribué", "opdracht gegund", "contract awarded"),
    "dossier-suspended": Label("dossier suspendu", "dossier opgeschort", "dossier suspended"),
    "dossier-resumed": Label("dossier repris", "dossier hervat", "dossier resumed"),
    "dossier-stopped": Label("dossier arrêté", "dossier stopgezet", "dossier stopped"),
    "dossier-merged": Label("dossier fusionné", "dossier samengevoegd", "dossier merged"),
    "dossier-completed": Label("dossier terminé", "dossier voltooid", "dossier completed"),
}

# Outcomes of opinions, tests and appeals.
VERDICTS: Final[Mapping[str, Label]] = {
    "favourable": Label("favorable", "gunstig", "favourable"),
    "with_remarks": Label("favorable avec remarques", "gunstig met opmerkingen", "favourable with remarks"),
    "unfavourable": Label("défavorable", "ongunstig", "unfavourable"),
    "positive": Label("positif", "positief", "positive"),
    "neutral": Label("neutre", "neutraal", "neutral"),
    "negative": Label("négatif", "negatief", "negative"),
    "compliant": Label("conforme", "conform", "compliant"),
    "not_compliant": Label("non conforme", "niet conform", "not compliant"),
    "not_applicable": Label("sans objet", "niet van toepassing", "not applicable"),
    "upheld": Label("recours accueilli", "beroep gegrond", "upheld"),
    "partly_upheld": Label("recours accueilli en partie", "beroep deels gegrond", "partly upheld"),
    "dismissed": Label("recours rejeté", "beroep verworpen", "dismissed"),
    "withdrawn": Label("recours retiré", "beroep ingetrokken", "withdrawn"),
}

# Which part of a commitment a payment was.
PARTS_OF_PAYMENT: Final[Mapping[str, Label]] = {
    "advance": Label("acompte liquidé", "voorschot vereffend", "advance liquidated"),
    "interim": Label("tranche liquidée", "tussentijdse betaling vereffend", "interim payment liquidated"),
    "balance": Label("solde liquidé", "saldo vereffend", "balance liquidated"),
}

# What a printed fact speaks of.
FACT_TYPES: Final[Mapping[str, Label]] = {
    "submission": Label("dépôt", "indiening", "submission"),
    "approval": Label("approbation", "goedkeuring", "approval"),
    "refusal": Label("refus", "weigering", "refusal"),
    "selected": Label("sélection", "selectie", "selection"),
    "awarded": Label("attribution", "gunning", "award"),
    "notified": Label("notification", "kennisgeving", "notification"),
    "launched": Label("lancement", "lancering", "launch"),
    "call_launched": Label("lancement d’appel", "lancering van oproep", "call launched"),
    "call_closed": Label("clôture d’appel", "afsluiting van oproep", "call closed"),
    "application_received": Label("demande reçue", "aanvraag ontvangen", "application received"),
    "opinion": Label("avis", "advies", "opinion"),
    "commitment": Label("engagement", "vastlegging", "commitment"),
    "liquidation": Label("liquidation", "vereffening", "liquidation"),
    "advance": Label("acompte", "voorschot", "advance"),
    "advance_paid": Label("acompte versé", "voorschot betaald", "advance paid"),
    "convention_signed": Label("convention signée", "overeenkomst ondertekend", "convention signed"),
    "contract": Label("marché", "opdracht", "contract"),
    "study": Label("étude", "studie", "study"),
    "study_started": Label("étude commencée", "studie gestart", "study started"),
    "study_finished": Label("étude terminée", "studie afgerond", "study finished"),
    "event_held": Label("réunion ou évènement", "vergadering of evenement", "event held"),
    "public_inquiry": Label("enquête publique", "openbaar onderzoek", "public inquiry"),
    "publication": Label("publication", "publicatie", "publication"),
    "published": Label("publié", "gepubliceerd", "published"),
    "report_delivered": Label("rapport remis", "rapport afgeleverd", "report delivered"),
    "deadline": Label("échéance", "termijn", "deadline"),
    "target": Label("objectif visé", "streefdoel", "target"),
    "other": Label("autre fait", "ander feit", "other fact"),
}

# What an event says in a few words, by its name without the version; steps of a dossier stand in STEPS.
EVENTS: Final[Mapping[str, Label]] = {
    "policy-note-opened": Label("note ouverte", "nota geopend", "policy note opened"),
    "objective-registered": Label("objectif enregistré", "doelstelling geregistreerd", "objective registered"),
    "objective-opened": Label("objectif ouvert", "doelstelling geopend", "objective opened"),
    "section-printed": Label("chapitre imprimé", "hoofdstuk gedrukt", "section printed"),
    "objective-retitled": Label("objectif renommé", "doelstelling hernoemd", "objective retitled"),
    "objective-renumbered": Label("objectif renuméroté", "doelstelling hernummerd", "objective renumbered"),
    "objective-moved": Label("objectif déplacé", "doelstelling verplaatst", "objective moved"),
    "objective-closed": Label("objectif clos", "doelstelling afgesloten", "objective closed"),
    "field-stated": Label("champ rempli", "veld ingevuld", "field stated"),
    "deadline-set": Label("échéance fixée", "termijn bepaald", "deadline set"),
    "status-reported": Label("statut déclaré", "status verklaard", "status reported"),
    "unit-assigned": Label("unité désignée", "eenheid aangeduid", "unit assigned"),
    "unit-released": Label("unité déchargée", "eenheid ontlast", "unit released"),
    "staff-estimated": Label("ETP déclarés", "VTE opgegeven", "staff stated"),
    "fact-printed": Label("fait imprimé", "feit gedrukt", "fact printed"),
    "amount-printed": Label("montant imprimé", "bedrag gedrukt", "amount printed"),
    "party-registered": Label("partie enregistrée", "partij geregistreerd", "party registered"),
    "party-erased": Label("partie effacée", "partij gewist", "party erased"),
    "dossier-opened": Label("dossier ouvert", "dossier geopend", "dossier opened"),
    "dossier-linked": Label("dossier lié", "dossier gekoppeld", "dossier linked"),
    "dossier-unlinked": Label("dossier délié", "dossier losgekoppeld", "dossier unlinked"),
    "milestone-planned": Label("étape prévue", "mijlpaal gepland", "milestone planned"),
    "milestone-rescheduled": Label("étape reportée", "mijlpaal verplaatst", "milestone rescheduled"),
    "milestone-reached": Label("étape atteinte", "mijlpaal bereikt", "milestone reached"),
    "milestone-cancelled": Label("étape abandonnée", "mijlpaal geschrapt", "milestone cancelled"),
    "recommendation-registered": Label(
        "recommandation enregistrée", "aanbeveling geregistreerd", "recommendation registered"
    ),
    "recommendation-answered": Label("recommandation suivie", "aanbeveling beantwoord", "recommendation answered"),
    "regulation-scheduled": Label("texte programmé", "regelgeving gepland", "regulation scheduled"),
    "regulation-advanced": Label("texte avancé", "regelgeving gevorderd", "regulation advanced"),
    "regulation-adopted": Label("texte adopté", "regelgeving aangenomen", "regulation adopted"),
    "budget-line-opened": Label("ligne budgétaire ouverte", "begrotingslijn geopend", "budget line opened"),
    "credits-voted": Label("crédits votés", "kredieten gestemd", "credits voted"),
    "credits-adjusted": Label("crédits ajustés", "kredieten aangepast", "credits adjusted"),
    "credits-transferred-out": Label(
        "crédits transférés ailleurs", "kredieten weggeschoven", "credits transferred out"
    ),
    "credits-transferred-in": Label("crédits reçus par transfert", "kredieten ontvangen", "credits transferred in"),
    "credit-reserved": Label(
        "crédit d’engagement utilisé", "vastleggingskrediet gebruikt", "commitment credit reserved"
    ),
    "credit-released": Label(
        "crédit d’engagement libéré", "vastleggingskrediet vrijgemaakt", "commitment credit released"
    ),
    "credit-consumed": Label(
        "crédit de liquidation utilisé", "vereffeningskrediet gebruikt", "liquidation credit used"
    ),
    "credit-returned": Label(
        "crédit de liquidation rendu", "vereffeningskrediet teruggegeven", "liquidation credit returned"
    ),
    "line-assigned": Label("ligne attribuée à l’objectif", "lijn toegewezen aan de doelstelling", "line assigned"),
    "line-unassigned": Label("ligne retirée de l’objectif", "lijn losgemaakt van de doelstelling", "line unassigned"),
    "allocation-printed": Label("code imprimé", "code gedrukt", "code printed"),
    "convention-signed": Label("convention signée", "overeenkomst ondertekend", "convention signed"),
    "convention-amended": Label("convention modifiée", "overeenkomst gewijzigd", "convention amended"),
    "convention-terminated": Label("convention résiliée", "overeenkomst beëindigd", "convention terminated"),
    "convention-committed": Label("convention engagée", "overeenkomst vastgelegd", "convention committed"),
    "convention-released": Label("convention désengagée", "overeenkomst vrijgegeven", "convention released"),
    "convention-drawn": Label("convention utilisée", "overeenkomst gebruikt", "convention drawn"),
    "convention-returned": Label("convention rendue", "overeenkomst teruggegeven", "convention returned"),
    "dossier-attached": Label("dossier rattaché", "dossier verbonden", "dossier attached"),
    "dossier-detached": Label("dossier détaché", "dossier losgemaakt", "dossier detached"),
    "amount-committed": Label("montant engagé", "bedrag vastgelegd", "amount committed"),
    "amount-decommitted": Label("montant désengagé", "bedrag vrijgegeven", "amount decommitted"),
    "commitment-reversed": Label("engagement repris", "vastlegging teruggenomen", "commitment reversed"),
    "evidence-checked": Label("pièces vérifiées", "stukken nagekeken", "evidence checked"),
    "claim-received": Label("déclaration de créance reçue", "schuldvordering ontvangen", "claim received"),
    "claim-rejected": Label("déclaration de créance rejetée", "schuldvordering verworpen", "claim rejected"),
    "payment-liquidated": Label("paiement liquidé", "betaling vereffend", "payment liquidated"),
    "payment-reversed": Label("paiement repris", "betaling teruggenomen", "payment reversed"),
    "recovery-established": Label("récupération établie", "terugvordering vastgesteld", "recovery established"),
    "recovery-collected": Label("récupération encaissée", "terugvordering geïnd", "recovery collected"),
    "right-established": Label("droit constaté", "recht vastgesteld", "right established"),
    "receipt-collected": Label("recette encaissée", "ontvangst geïnd", "receipt collected"),
    "liquidation-forecast": Label("liquidation prévue", "vereffening geraamd", "liquidation forecast"),
    "indicator-defined": Label("indicateur défini", "indicator bepaald", "indicator defined"),
    "indicator-revised": Label("indicateur revu", "indicator herzien", "indicator revised"),
    "indicator-placed": Label("indicateur placé", "indicator geplaatst", "indicator placed"),
    "indicator-removed": Label("indicateur retiré", "indicator weggenomen", "indicator removed"),
    "threshold-printed": Label("seuils imprimés", "drempels gedrukt", "thresholds printed"),
    "bands-set": Label("bandes fixées", "banden bepaald", "bands set"),
    "target-set": Label("cible fixée", "streefwaarde bepaald", "target set"),
    "indicator-measured": Label("indicateur mesuré", "indicator gemeten", "indicator measured"),
    "measurement-corrected": Label("mesure corrigée", "meting verbeterd", "measurement corrected"),
    "indicator-evaluated": Label("indicateur calculé", "indicator berekend", "indicator evaluated"),
    "indicator-retired": Label("indicateur abandonné", "indicator geschrapt", "indicator retired"),
    "fact-withdrawn": Label("fait retiré", "feit ingetrokken", "fact withdrawn"),
    "day-started": Label("jour commencé", "dag begonnen", "day started"),
    "letter-frozen": Label("lettre gelée", "brief bevroren", "letter frozen"),
    "letter-validated": Label("lettre validée", "brief gevalideerd", "letter validated"),
    "letter-approved": Label("lettre approuvée", "brief goedgekeurd", "letter approved"),
    "letter-submitted": Label("lettre transmise", "brief overgezonden", "letter submitted"),
    "letter-corrected": Label("erratum à la lettre", "erratum bij de brief", "erratum to the letter"),
}
