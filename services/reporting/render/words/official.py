"""Official field names and fixed words of a letter, a pair each, with English beside them for readers who need it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.reporting.render.words.label import Label

# Parts of the letter and its objectives.
PARTS: Final[Mapping[str, Label]] = {
    "letter": Label("Lettre d’orientation", "Oriëntatiebrief", "Orientation letter"),
    "note": Label("Note d’orientation", "Beleidsnota", "Policy note"),
    "contents": Label("Table des matières", "Inhoudstafel", "Contents"),
    "overview": Label(
        "Aperçu des objectifs stratégiques et opérationnels",
        "Overzicht van de strategische en operationele doelstellingen",
        "Overview of the strategic and operational objectives",
    ),
    "realised": Label("Réalisations", "Verwezenlijkingen", "Realised"),
    "planned": Label("Planning", "Planning", "Planning"),
    "no_section": Label("Hors section", "Buiten deel", "In no section"),
    "legislature": Label("Législature", "Legislatuur", "Legislature"),
    "strategic": Label("Objectif stratégique", "Strategische doelstelling", "Strategic objective"),
    "operational": Label("Objectif opérationnel", "Operationele doelstelling", "Operational objective"),
    "action": Label("Action", "Actie", "Action"),
}

# Fields that hold text, by their name in the contract; one that reads otherwise at a level has the level after a colon.
FIELDS: Final[Mapping[str, Label]] = {
    "description": Label("Description", "Beschrijving", "Description"),
    "description:strategic": Label(
        "Description de l’objectif stratégique",
        "Beschrijving van de strategische doelstelling",
        "Description of the strategic objective",
    ),
    "description:operational": Label(
        "Description de l’objectif opérationnel",
        "Beschrijving van de operationele doelstelling",
        "Description of the operational objective",
    ),
    "equal_opportunity": Label(
        "Analyse de l’impact sur l’égalité des chances",
        "Analyse van de impact op gelijke kansen",
        "Impact on equal opportunity",
    ),
    "desired_result": Label("Résultat (partiel) souhaité", "Gewenst (gedeeltelijk) resultaat", "Desired result"),
    "achieved_result": Label("Résultat (partiel) réalisé", "Gerealiseerd (gedeeltelijk) resultaat", "Achieved result"),
    "source_document": Label("Document source", "Brondocumenten", "Source document"),
    "success_conditions": Label("Conditions de réussite", "Slaagvoorwaarden", "Conditions of success"),
    "ict_needs": Label("Besoins ICT", "ICT-behoeften", "ICT needs"),
    "partners": Label("Partenaires", "Partners", "Partners"),
    "audience": Label("Cibles", "Doelpubliek", "Audience"),
    "account": Label("Compte rendu", "Verslag", "Account"),
    "actions": Label("Actions et projets", "Acties en projecten", "Actions and projects"),
    "output": Label("Output", "Output", "Output"),
    "desired_output": Label("Output souhaité", "Gewenste output", "Desired output"),
    "indicators": Label("Indicateurs", "Indicatoren", "Indicators"),
    "indicators:strategic": Label("Indicateurs de l’OS", "Indicatoren van de SD", "Indicators of the OS"),
    "deadline": Label("Échéance", "Termijn", "Deadline"),
    "status": Label("Statut", "Status", "Status"),
    "staff": Label("Moyens, ETP", "Middelen, VTE", "Means, full-time equivalents"),
    "objective": Label("Objectif", "Doelstelling", "Objective"),
    "action": Label("Action", "Actie", "Action"),
    "units": Label("Unité administrative", "Administratieve eenheid", "Administrative unit"),
}

# The kinds of empty, and what a missing language says.
EMPTY: Final[Mapping[str, Label]] = {
    "none": Label("Néant", "Geen", "None"),
    "unknown": Label("non communiqué", "niet meegedeeld", "not reported"),
    "pending": Label("à compléter", "aan te vullen", "to be completed"),
    "not_applicable": Label("sans objet", "niet van toepassing", "not applicable"),
    "by_reference": Label("Voir", "Zie", "See"),
    "no_language": Label("pas de texte en français", "geen tekst in het Nederlands", "no text in English"),
    "no_title": Label("sans titre", "zonder titel", "untitled"),
    "no_date": Label("sans date", "zonder datum", "undated"),
    "no_threshold": Label("pas de seuil", "geen drempel", "no threshold"),
}

# The budget table.
BUDGET: Final[Mapping[str, Label]] = {
    "realised": Label("Budget réalisé", "Gerealiseerd budget", "Realised budget"),
    "estimated": Label("Budget estimé", "Geraamd budget", "Estimated budget"),
    "line": Label("N° AB", "BA nr.", "Line"),
    "label": Label("Dénomination", "Benaming", "Name"),
    "commitment": Label("Engagement", "Vastlegging", "Commitment"),
    "liquidation": Label("Liquidation", "Vereffening", "Liquidation"),
    "remark": Label("Remarque", "Opmerking", "Remark"),
    "personnel": Label("Frais de personnel", "Personeelskosten", "Staff costs"),
    "running": Label("Frais de fonctionnement", "Werkingskosten", "Running costs"),
    "assets": Label("Dépenses patrimoniales", "Vermogensuitgaven", "Capital expenditure"),
    "other": Label("Autres dépenses", "Andere uitgaven", "Other expenditure"),
    "unclassified": Label("Sans catégorie", "Zonder categorie", "Without category"),
    "shared": Label("ligne partagée, non répartie", "gedeelde lijn, niet verdeeld", "shared line, not split"),
    "own": Label("Propre à l’action", "Eigen aan de actie", "Own to the action"),
    "at_least": Label("au moins", "ten minste", "at least"),
    "shared_once": Label(
        "Lignes partagées, comptées une fois dans la lettre",
        "Gedeelde lijnen, één keer geteld in de brief",
        "Shared lines, counted once in the letter",
    ),
    "receipt": Label("recette", "ontvangst", "receipt"),
    "printed": Label("imprimé", "gedrukt", "printed"),
    "repaired": Label("corrigé de", "hersteld uit", "repaired from"),
    "no_line": Label(
        "Codes imprimés hors ligne", "Gedrukte codes die geen lijn zijn", "Printed codes that are no line"
    ),
    "unspecified": Label(
        "engagement ou liquidation, non précisé", "vastlegging of vereffening, niet gezegd", "credit type not said"
    ),
    "committed": Label("engagé", "vastgelegd", "committed"),
    "liquidated": Label("liquidé", "vereffend", "liquidated"),
    "decommitted": Label("désengagé", "vrijgegeven", "decommitted"),
    "outstanding": Label("encours", "uitstaand", "outstanding"),
    "commitment_credits": Label("crédits d’engagement", "vastleggingskredieten", "commitment credits"),
    "liquidation_credits": Label("crédits de liquidation", "vereffeningskredieten", "liquidation credits"),
    "stated_commitment": Label("engagement annoncé", "aangekondigde vastlegging", "commitment as stated"),
    "stated_liquidation": Label("liquidation annoncée", "aangekondigde vereffening", "liquidation as stated"),
    "unchecked": Label(
        "crédits non communiqués, montants non vérifiés",
        "kredieten niet meegedeeld, bedragen niet getoetst",
        "credits not reported, amounts unchecked",
    ),
    "share": Label("part de l’objectif", "aandeel van de doelstelling", "share of the objective"),
    "receipts": Label("Recettes", "Ontvangsten", "Receipts"),
}

# The indicator table.
INDICATORS: Final[Mapping[str, Label]] = {
    "caption": Label(
        "Indicateurs de performance (ICP)", "Prestatie-indicatoren (KPI’s)", "Performance indicators (KPI)"
    ),
    "name": Label("ICP, description", "KPI, beschrijving", "KPI, description"),
    "tinted": Label(
        "La bande où tombe la valeur est teintée.",
        "De drempel waarin de waarde valt is gekleurd.",
        "The band that holds the value is tinted.",
    ),
    "measured_in": Label("en", "in", "in"),
    "retired": Label("plus mesuré", "niet meer gemeten", "measured no more"),
    "legal": Label("légal", "wettelijk", "legal"),
    "internal": Label("interne", "intern", "internal"),
    "red_threshold": Label("Seuil rouge", "Rode drempel", "Red threshold"),
    "amber_threshold": Label("Seuil orange", "Oranje drempel", "Amber threshold"),
    "green_threshold": Label("Seuil vert", "Groene drempel", "Green threshold"),
    "unit": Label("UA", "AE", "Unit"),
    "baseline": Label("Base", "Uitgangswaarde", "Baseline"),
    "target": Label("Cible", "Streefwaarde", "Target"),
    "horizon": Label("Horizon", "Horizon", "Horizon"),
    "last_value": Label("Dernière valeur", "Laatste waarde", "Last value"),
    "red": Label("rouge", "rood", "red"),
    "amber": Label("orange", "oranje", "amber"),
    "green": Label("vert", "groen", "green"),
    "no_data": Label("sans valeur", "geen waarde", "no value"),
    "no_band": Label("sans bande", "zonder band", "no band"),
}

# How a fact stands, and which marks it wears: a filled shape happened, an outline is planned.
FACTS: Final[Mapping[str, Label]] = {
    "facts": Label("Faits imprimés", "Gedrukte feiten", "Printed facts"),
    "steps": Label("Étapes des dossiers", "Stappen van de dossiers", "Steps of the dossiers"),
    "done": Label("fait", "gebeurd", "done"),
    "planned": Label("prévu", "gepland", "planned"),
    "target": Label("objectif visé", "streefdoel", "target"),
    "unmet": Label("non atteint", "niet gehaald", "not met"),
    "unclear": Label("fait ou prévu, non précisé", "gebeurd of gepland, niet gezegd", "done or planned, not said"),
    "reached": Label("atteint", "bereikt", "reached"),
    "late": Label("en retard", "te laat", "late"),
    "dropped": Label("abandonné", "geschrapt", "dropped"),
    "certain": Label("certain", "zeker", "certain"),
    "possible": Label("possible", "mogelijk", "possible"),
    "no": Label("pas encore", "nog niet", "not yet"),
    "amounts": Label("Montants cités", "Vermelde bedragen", "Amounts named"),
}

STATUSES: Final[Mapping[str, Label]] = {
    "on_schedule": Label("selon le planning", "volgens planning", "on schedule"),
    "in_progress": Label("en cours", "in uitvoering", "in progress"),
    "behind": Label("en retard", "te laat", "behind"),
    "completed": Label("réalisé", "voltooid", "completed"),
    "stopped": Label("arrêté", "stopgezet", "stopped"),
    "to_be_corrected": Label("à corriger", "te corrigeren", "to be corrected"),
    "other": Label("autre", "ander", "other"),
}

# What an amount or a number of staff is based on.
BASES: Final[Mapping[str, Label]] = {
    "estimated": Label("estimé", "geraamd", "estimated"),
    "realised": Label("réalisé", "gerealiseerd", "realised"),
    "actual": Label("réel", "werkelijk", "actual"),
}

# Headings over printed facts of one reading.
FACTS_PLURAL: Final[Mapping[str, Label]] = {
    "done": Label("Faits accomplis", "Voltooide feiten", "Done"),
    "planned": Label("Prévu", "Gepland", "Planned"),
    "target": Label("Objectifs visés", "Streefdoelen", "Targets"),
    "unmet": Label("Non atteint", "Niet gehaald", "Not met"),
    "unclear": Label("Fait ou prévu, le texte ne le dit pas", "Gebeurd of gepland, de tekst zegt het niet", "Unclear"),
}

# Heads of tables that serve both languages.
SAID: Final[Mapping[str, Label]] = {
    "text": Label("Texte", "Tekst", "Text"),
    "amount": Label("Montant", "Bedrag", "Amount"),
    "dossiers": Label("Dossiers", "Dossiers", "Dossiers"),
    "section": Label("Chapitre", "Hoofdstuk", "Section"),
}
