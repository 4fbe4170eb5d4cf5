"""The interface's own words in the reader's language, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.reporting.render.words.label import Label

# A noun, for one and for many.
NOUNS: Final[Mapping[str, tuple[Label, Label]]] = {
    "fact": (Label("fait", "feit", "fact"), Label("faits", "feiten", "facts")),
    "line": (Label("ligne", "lijn", "line"), Label("lignes", "lijnen", "lines")),
    "line_open": (
        Label("ligne encore sans montant", "lijn nog zonder bedrag", "line still without an amount"),
        Label("lignes encore sans montant", "lijnen nog zonder bedrag", "lines still without an amount"),
    ),
    "line_shared": (
        Label("ligne partagée", "gedeelde lijn", "shared line"),
        Label("lignes partagées", "gedeelde lijnen", "shared lines"),
    ),
}
SAYINGS: Final[Mapping[str, Label]] = {
    # The frame of every page.
    "skip": Label("Aller au contenu", "Naar de inhoud", "Skip to content"),
    "main_nav": Label("Principal", "Hoofdmenu", "Main"),
    "language": Label("Langue", "Taal", "Language"),
    "crumbs": Label("Fil d’Ariane", "Kruimelpad", "Breadcrumb"),
    "notes": Label("Notes", "Nota’s", "Notes"),
    "overview": Label("Vue d’ensemble", "Overzicht", "Overview"),
    "letter": Label("Lettre", "Brief", "Letter"),
    "sign_out": Label("Se déconnecter", "Afmelden", "Sign out"),
    "foot": Label(
        "Chaque chiffre souligné ouvre les faits dont il est fait. Les mêmes données en JSON sont à la même adresse.",
        "Elk onderstreept cijfer opent de feiten waaruit het bestaat. Dezelfde gegevens staan als JSON op hetzelfde adres.",
        "Every underlined figure opens the facts it is made of. The same data are at the same address as JSON.",
    ),
    "show": Label("Afficher", "Toon", "Show"),
    "apply": Label("Appliquer", "Toepassen", "Apply"),
    # Which day a page speaks of.
    "state_on": Label("État au", "Toestand op", "As of"),
    "state_now": Label("État actuel", "Huidige toestand", "As of now"),
    "state_cut": Label("État à une coupe", "Toestand op een snede", "As of a cut"),
    "recorded_then": Label(
        "Ce qui était enregistré à la fin de ce jour.",
        "Wat op het einde van die dag geregistreerd was.",
        "What was recorded by the end of that day.",
    ),
    "recorded_now": Label(
        "Tout ce qui est enregistré et lu à ce moment.",
        "Alles wat nu geregistreerd en gelezen is.",
        "All that is recorded and read at this moment.",
    ),
    "read_up_to": Label("Lu jusqu’aux positions", "Gelezen tot posities", "Read up to positions"),
    "complete": Label("complet", "volledig", "complete"),
    "incomplete": Label("incomplet, il manque", "onvolledig, nog niet aangekomen", "incomplete, still to come"),
    "not_frozen": Label("Projet, non gelé", "Ontwerp, niet bevroren", "Draft, not frozen"),
    "draft": Label("Projet", "Ontwerp", "Draft"),
    "frozen_on": Label("Gelé le", "Bevroren op", "Frozen on"),
    "validated_on": Label("validé le", "gevalideerd op", "validated on"),
    "approved_on": Label("approuvé le", "goedgekeurd op", "approved on"),
    "submitted_on": Label("transmis le", "overgezonden op", "submitted on"),
    "erratum": Label("Erratum", "Erratum", "Erratum"),
    "given_up": Label(
        "des faits de cet état ont été abandonnés depuis",
        "feiten van die toestand zijn sindsdien opgegeven",
        "facts of that state were given up since",
    ),
    "month_stops": Label("État à la fin d’un mois", "Toestand op het einde van een maand", "As of the end of a month"),
    "high_bar": Label(
        "Barre haute\N{NO-BREAK SPACE}: mois riche en faits.",
        "Hoge balk: een maand met veel feiten.",
        "High bar: a month with many facts.",
    ),
    "exact_date": Label("À une date exacte", "Op een datum", "On an exact day"),
    "occurred_until": Label("Survenu jusqu’au", "Gebeurd tot en met", "Happened by"),
    # The letter.
    "text_language": Label("Texte", "Tekst", "Text"),
    "both": Label("les deux côte à côte", "beide naast elkaar", "both side by side"),
    "whole": Label("Toute la lettre, pour imprimer", "De hele brief, om af te drukken", "The whole letter, for print"),
    "by_objective": Label("Un objectif par page", "Eén doelstelling per pagina", "One objective per page"),
    "grey_count": Label(
        "Chiffre gris : champs obligatoires remplis.",
        "Grijs cijfer: ingevulde verplichte velden.",
        "Grey figure: mandatory fields filled in.",
    ),
    "first_page": Label("Couverture et contrôles", "Omslag en controles", "Cover and checks"),
    "previous": Label("Précédent", "Vorige", "Previous"),
    # A page that is too long for one.
    "page": Label("Page", "Pagina", "Page"),
    "pages": Label("Pages", "Pagina’s", "Pages"),
    "previous_page": Label("Page précédente", "Vorige pagina", "Previous page"),
    "next_page": Label("Page suivante", "Volgende pagina", "Next page"),
    "first_notes": Label("Premières notes", "Eerste nota’s", "First notes"),
    "totals_of_all": Label(
        "Les totaux portent sur toutes les pages.",
        "De totalen gaan over alle pagina’s.",
        "Totals are over all pages.",
    ),
    "json_cut": Label(
        "La suite se lit en JSON à la même adresse.",
        "De rest staat als JSON op hetzelfde adres.",
        "The rest is in the JSON at the same address.",
    ),
    "all_objectives": Label("Tous les objectifs", "Alle doelstellingen", "All objectives"),
    "commitments_summed": Label("engagements ensemble", "vastleggingen samen", "commitments together"),
    "fields_silent": Label("champs", "velden", "fields"),
    "sum_of_lines": Label(
        "Somme des lignes du tableau, chacune comptée une fois.",
        "Som van de lijnen van de tabel, elk één keer geteld.",
        "Sum of the table’s lines, each counted once.",
    ),
    "under_it": Label("Objectifs opérationnels", "Operationele doelstellingen", "Operational objectives"),
    "totals": Label("Budget de la lettre", "Budget van de brief", "Budget of the letter"),
    "totals_note": Label(
        "Chaque ligne compte une fois, même si plusieurs objectifs la partagent.",
        "Elke lijn telt één keer, ook als meer doelstellingen ze delen.",
        "Each line counts once, even where several objectives share it.",
    ),
    "elsewhere": Label("Dans d’autres lettres", "In andere brieven", "In other letters"),
    "heading_printed": Label("titre imprimé\N{NO-BREAK SPACE}:", "gedrukte titel:", "heading as printed:"),
    "turn": Label("Objectif précédent et suivant", "Vorige en volgende doelstelling", "Objective before and after"),
    "not_drawn": Label("lignes non dessinées", "niet getekende rijen", "rows not drawn"),
    "broken_line": Label(
        "ou non précisé, trait interrompu", "of niet gezegd, onderbroken lijn", "or not said, broken line"
    ),
    "thick_line": Label(
        "trait épais : date connue à une période près",
        "dikke lijn: datum tot op een periode bekend",
        "thick line: date known to a period",
    ),
    "timeline": Label("Faits et étapes de", "Feiten en stappen van", "Facts and steps of"),
    "lists_below": Label(
        "Les listes donnent les mêmes faits.", "De lijsten geven dezelfde feiten.", "The lists give the same facts."
    ),
    "with_value_of": Label("avec une valeur, sur", "met een waarde, op", "with a value, of"),
    "objective_page": Label("Tableau de bord de l’objectif", "Dashboard van de doelstelling", "The objective’s page"),
    "in_letter": Label("Dans la lettre", "In de brief", "In the letter"),
    "closed_completed": Label("clos : achevé", "afgesloten: voltooid", "closed: completed"),
    "closed_stopped": Label("clos : arrêté", "afgesloten: stopgezet", "closed: stopped"),
    "closed_merged": Label("clos : fusionné", "afgesloten: samengevoegd", "closed: merged"),
    # Checks.
    "checks": Label("Contrôles du projet", "Controles van het ontwerp", "Checks of the draft"),
    "completeness": Label("Complétude", "Volledigheid", "Completeness"),
    "bilingual": Label("Bilinguisme", "Tweetaligheid", "Two languages"),
    "grounds": Label("Chiffres", "Cijfers", "Figures"),
    "fields_of": Label("champs obligatoires sur", "verplichte velden op", "mandatory fields of"),
    "differences": Label("écarts sur", "verschillen op", "differences in"),
    "pairs": Label("paires comparées", "vergeleken paren", "pairs compared"),
    "no_lead": Label("sans unité responsable", "zonder leidende eenheid", "without a lead unit"),
    "one_language": Label("textes en une seule langue", "teksten in één taal", "texts in one language only"),
    "indicators_of": Label("indicateurs", "indicatoren", "indicators"),
    "without_bands": Label("indicateurs sans bandes", "indicatoren zonder banden", "indicators without bands"),
    "without_amount": Label("lignes sans montant", "lijnen zonder bedrag", "lines without an amount"),
    "shared_lines": Label(
        "lignes partagées, comptées une fois", "gedeelde lijnen, één keer geteld", "shared lines, counted once"
    ),
    "misplaced": Label(
        "faits prévus, imprimés parmi les réalisations",
        "geplande feiten, gedrukt bij de verwezenlijkingen",
        "planned facts, printed among what was realised",
    ),
    # Sheets, figures, events.
    "close": Label("Fermer", "Sluiten", "Close"),
    "events_behind": Label("Événements derrière ce chiffre", "Gebeurtenissen achter dit cijfer", "Events behind it"),
    "fact_event": Label("Fait, événement", "Feit, gebeurtenis", "Fact, event"),
    "actor": Label("Acteur", "Actor", "Actor"),
    "occurred": Label("Survenu", "Gebeurd", "Occurred"),
    "recorded": Label("Enregistré", "Geregistreerd", "Recorded"),
    "position": Label("Position", "Positie", "Position"),
    "more_events": Label("autres événements", "andere gebeurtenissen", "more events"),
    "figure": Label("Chiffre", "Cijfer", "Figure"),
    "back_to_figure": Label("Retour à la page", "Terug naar de pagina", "Back to the page"),
    "history": Label("Histoire du flux", "Geschiedenis van de stroom", "History of the stream"),
    "version": Label("Version", "Versie", "Version"),
    "cause": Label("Cause", "Oorzaak", "Cause"),
    "stream": Label("Flux", "Stroom", "Stream"),
    "printed_at": Label("Imprimé dans", "Gedrukt in", "Printed in"),
    "as_json": Label("en JSON", "als JSON", "as JSON"),
    # Overview and objective.
    "operational_count": Label("Objectifs opérationnels", "Operationele doelstellingen", "Operational objectives"),
    "fields_filled": Label("Champs obligatoires remplis", "Verplichte velden ingevuld", "Mandatory fields filled"),
    "liquidated_in": Label("Liquidé ou annoncé en", "Vereffend of aangekondigd in", "Liquidated or stated in"),
    "late": Label("En retard", "Te laat", "Late"),
    "objectives": Label("objectifs", "doelstellingen", "objectives"),
    "objective": Label("Objectif", "Doelstelling", "Objective"),
    "unit": Label("Unité", "Eenheid", "Unit"),
    "status_declared": Label("Statut déclaré", "Status, verklaard", "Status, declared"),
    "status_facts": Label("D’après les faits", "Volgens de feiten", "By the facts"),
    "indicators": Label("Indicateurs", "Indicatoren", "Indicators"),
    "next_due": Label("Échéance prévue", "Geplande termijn", "Planned deadline"),
    "next_deadlines": Label("Échéances prévues", "Geplande termijnen", "Planned deadlines"),
    "lines": Label("lignes", "lijnen", "lines"),
    "heat_note": Label("Plus c’est rempli, plus c’est foncé.", "Hoe voller, hoe donkerder.", "Fuller is darker."),
    "deadline": Label("Échéance", "Termijn", "Deadline"),
    "lead_unit": Label("Unité responsable", "Leidende eenheid", "Lead unit"),
    "staff": Label("ETP", "VTE", "FTE"),
    "by_line": Label("Montants par ligne", "Bedragen per lijn", "Amounts by line"),
    "dossiers": Label("Dossiers", "Dossiers", "Dossiers"),
    "dossier": Label("Dossier", "Dossier", "Dossier"),
    "last_step": Label("Dernière étape", "Laatste stap", "Last step"),
    "expected": Label("Suite attendue", "Verwacht", "Expected next"),
    "since": Label("Depuis", "Sinds", "Since"),
    "last_events": Label("Derniers événements", "Laatste gebeurtenissen", "Latest events"),
    "open_fields": Label("Champs encore vides", "Nog lege velden", "Fields still empty"),
    "none_late": Label("aucune étape en retard", "geen stap te laat", "no step late"),
    "no_deadline": Label("aucune échéance datée", "geen gedateerde termijn", "no dated deadline"),
    "no_line": Label("aucune ligne", "geen lijn", "no line"),
    "status": Label("Statut", "Status", "Status"),
    "next": Label("Suivant", "Volgende", "Next"),
    "liquidated": Label("Liquidé", "Vereffend", "Liquidated"),
    "section": Label("Année", "Jaar", "Year"),
    "runs": Label("en cours", "loopt", "running"),
    "finished": Label("terminé", "klaar", "finished"),
    "nobody_said": Label("personne ne l’a déclaré", "niemand heeft het opgegeven", "nobody stated it"),
    "unit_owes": Label("une unité doit le remplir", "een eenheid moet het invullen", "a unit owes it"),
    "all_steps": Label("Toutes les étapes", "Alle stappen", "All steps"),
    "steps_late": Label("en retard", "te laat", "late"),
    "no_notes": Label(
        "Aucune note n’est encore ouverte. Importez-en une : regesta import facts FICHIER.",
        "Er is nog geen nota geopend. Importeer er een: regesta import facts BESTAND.",
        "No note is open yet. Import one: regesta import facts FILE.",
    ),
    # Signing in, and what went wrong.
    "sign_in": Label("Se connecter", "Aanmelden", "Sign in"),
    "sign_in_why": Label(
        "Collez le jeton que la démonstration ou votre administration vous a donné. Il reste dans ce navigateur "
        "jusqu’à sa fermeture et ne sert qu’à lire.",
        "Plak het token dat de demo of uw administratie u gaf. Het blijft in deze browser tot u hem sluit "
        "en dient alleen om te lezen.",
        "Paste the token that the demo or your administration gave you. It stays in this browser until you close it, "
        "and serves for reading only.",
    ),
    "token": Label("Jeton", "Token", "Token"),
    "token_refused": Label("Ce jeton n’est pas accepté", "Dit token wordt niet aanvaard", "This token is not accepted"),
    "start": Label("Toutes les notes", "Alle nota’s", "All notes"),
}
