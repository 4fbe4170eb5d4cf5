"""Words of English, French and Dutch that say whether something happened: patterns by what they say, all for lower case text."""

from __future__ import annotations

from typing import Final

# "(planned)" and the like at the end of a fact: its tense in the source. "(foreseen, not met)" is unmet before that.
MARK: Final = r"\((?:[^()]*\b)?(?:planned|pr[ée]vue?s?|gepland|voorzien)\b[^()]*\)\W*$"

TERM: Final = (
    r"(?:deadlines?|due dates?|time limits?|d[ée]lais?|[ée]ch[ée]ances?|termijn(?:en)?|date limite|objectifs?|targets?)"
)
UNMET: Final = (
    r"\bnot (?:been |yet )?(?:met|reached|achieved|respected|fulfilled|realised|realized|done)\b",
    r"\b(?:unmet|unfulfilled|missed)\b",
    r"\bfail(?:ed|s|ure|ures|ing)?\b|\bf[ae]ll(?:s|en|ing)? short\b|\bshort of\b",
    rf"\b{TERM}\b[^.;]*\b(?:exceeded|overrun|lapsed|expired|overschreden|verstreken|d[ée]pass[ée]e?s?|expir[ée]e?s?|manqu[ée]e?s?|rat[ée]e?s?|gemist)\b",
    r"\bd[ée]passements? (?:du|de la|des|de l'|de) ?(?:d[ée]lai|[ée]ch[ée]ance|terme)",
    r"\b(?:non|pas|ni) (?:encore )?(?:[ée]t[ée] )?(?:respect[ée]|atteint|r[ée]alis[ée]|tenu|rempli)e?s?\b",
    r"\b[ée]chou\w+|\b[ée]checs?\b|\bmanqu[ée]e?s?\b",
    r"\bniet (?:\w+ )?(?:gehaald|bereikt|gerealiseerd|nageleefd|uitgevoerd)\b",
    r"\bmislukt\w*|\bmislukking\w*|\bfaalt\b|\bfaalde\w*|\bgefaald\b|\bgemiste?\b|\boverschrijding\w*",
)
TARGETS: Final = (
    r"\b(?:target(?!ed)s?(?! (?:group|public|audience))|aim|aims(?! to)|goals?)\b",
    r"\bobjectifs?(?!\w)(?! (?:strat[ée]gique|op[ée]rationnel|sp[ée]cifique))|\bcibles?\b",
    r"\bstreef\w*|\bdoel(?:en|stelling(?:en)?|waarden?)?\b(?! (?:strategisch|operationeel))",
    r"\b(?:at least|at (?:the )?latest|no later than|au plus tard|uiterlijk|ten laatste)\b",
    r"\b(?:deadlines?|due dates?|last dates?|final dates?|dates? (?:limites?|butoirs?)|[ée]ch[ée]ances?|uiterste datum|einddatum)\b",
)
PLANNED: Final = (
    r"(?<!as )\bplanned\b|\bplans? to\b|\bplans for \w+ing\b|\bplanning to\b",
    r"\b(?:will|shall|would|should|must|ought|due|upcoming|forthcoming|soon|next|future)\b|\b\w+'ll\b",
    r"\b(?:expect|foresee|schedul|intend|envisag|anticipat|forecast|predict)\w*|\bforeseen\b|\bproject(?:ed|ions?|ing)\b",
    r"\b(?:is|are|has|have|ha[sd]n't|yet|still|remains?|hop(?:e|es|ed|ing)|aims?|wish(?:es|ed)?|wants?|needs?|about|ready) to\b",
    r"\bto (?:be|come|follow|do)\b|\bgoing to\b",
    r"\bpr[ée]v(?:u|oi|oy|is)\w*|\b(?:escompt|anticip|envisag|projet[ée]|planifi|ambitionn|souhait)\w+|\bprogrammée?s?\b",
    r"\b(?:attendue?s?|attend(?:ent)?|prochaine?(?:ment)?s?|futur\w*|ult[ée]rieur\w*|bient[ôo]t|prospectives?)\b",
    r"\b(?:devra|devront|devrait|devraient|doi(?:t|vent)|reste(?:nt)? [àa]|vise(?:nt)? [àa]|compte(?:nt)? \w+(?:er|ir|re))\b",
    # The simple future: "débuteront", "entrera", "interviendra"; not the nouns that end like it.
    r"\b(?!extra\b|contra\b|infra\b|ultra\b|intra\b|op[ée]ra\b|cam[ée]ra\b|tiara\b)\w+(?:er|ir|dr|tr|vr|ur|rr)(?:a|ont)\b|\b(?:sera|seront|aura|auront|fera|feront|ira|iront)\b",
    r"\b(?:va|vont) (?:\w+ )?\w+(?:er|ir|re)\b",
    r"\b[àa] (?!partir\b|compter\b|l'|terme\b)\w+(?:er|ir|ire|tre|dre|clure)\b",
    r"\b(?:verwacht|gepland|ingepland|voorzie|beoog|toekomst|aanstaand|eerstvolgend|komend|vooropgesteld)\w*",
    r"\b(?:zal|zullen|zult|moet|moeten|dient|dienen|binnenkort|wil|willen|volgend jaar)\b|\b(?:nog )?te \w+en\b",
)
# What is to come by or before a time is due, not done.
TIME: Final = r"(?:the )?(?:end|start|early|late|mid|middle|close|spring|summer|autumn|winter|january|february|march|april|may|june|july|august|september|october|november|december|q[1-4]|[0-9])"
SEASON: Final = (
    r"(?:spring|summer|autumn|winter|year|semester|quarter|month|week|printemps|été|automne|hiver|année|semestre|trimestre"
    r"|mois|semaine|lente|zomer|herfst|jaar|kwartaal|maand)"
)
UNSURE: Final = (
    r"\b(?:possib\w+|perhaps|maybe|might|could|can|may (?!\d)|conditional(?:ly)?|if|unless|provided|subject to|likely|probabl\w+)\b",
    r"\b(?:being|ongoing|on-going|in progress|under ?way|in preparation|continu(?:e|es|ing|ous|ously)|draft(?:s|ed)?)\b",
    r"\b(?:not|no|never|nothing|none|neither|nor|without|cannot|hardly|barely|almost|nearly|lack(?:s|ed|ing)?)\b|n't\b",
    r"\b(?:postpon|abandon|cancel|dropp|suspend|delay|await|withh[eo]ld|withdr[ae]w|stall|halt|block|overdue|incomplet)\w*|\b(?:pending|late|yet|still)\b",
    r"\b(?:propos(?:e|es|ed|ing)|estimat\w+|hop(?:e|es|ed|ing)|wish\w*|deadlines?|exceeded|wait(?:s|ed|ing)?)\b",
    # "unapproved", "unsigned": the opposite of a participle.
    r"\bun(?!ited\b|der)\w+(?:ed|en|id|nt)\b",
    rf"\b(?:by|before|until|till) {TIME}",
    # A time that is told from when the words were written, and a year that is told from another.
    rf"\b(?:this|cet?|cette|deze|dit) {SEASON}\b|\bn ?\+ ?[1-9]",
    r"\bfor (?:\w+ ){0,2}?(?:approval|adoption|decision|signature|signing|submission|opinion|advice|validation|review|selection|launch|publication|payment|examination|consideration|discussion|consultation|implementation)\b",
    r"\b(?:[ée]ventuel\w*|peut-[êe]tre|pourr\w+|peu(?:t|vent)|si|s'il\w*|sous r[ée]serve|probabl\w+|possibl\w+)\b",
    r"\b(?:en cours|en pr[ée]paration|se poursui(?:t|vent)|continue|continuent|projet de d[ée]cision|estim\w+|propos[ée]\w*)\b",
    r"\b(?:pas|non|ni|ne|jamais|rien|aucun\w*|sans|faute de|d[ée]faut)\b|\bn'",
    r"\b(?:report[ée]|abandonn|annul|suspend|suspens|ajourn|diff[ée]r[ée]|retard|bloqu|d[ée]pass|attente)\w*|\bd[ée]lais?\b",
    r"\b(?:avant|d'ici|jusqu'\w*|en vue d\w*) ?(?:l[ae] |la fin|fin|mi-|[0-9]|janvier|f[ée]vrier|mars|avril|mai|juin|juillet|ao[uû]t|septembre|octobre|novembre|d[ée]cembre)",
    r"\ben vue d|\b(?:pour|en attente d'|soumis\w* [àa]) ?(?:approbation|adoption|d[ée]cision|signature|avis|validation|s[ée]lection|publication|paiement)\b",
    # The conditional, and the imperfect that looks like it.
    r"\b\w+r(?:ait|aient)\b",
    r"\b(?:mogelijk\w*|eventue\w+|misschien|zou|zouden|kan|kunnen|indien|mits|onder voorbehoud|wellicht|vermoedelijk\w*|waarschijnlijk\w*)\b",
    r"\b(?:lopend\w*|in uitvoering|in voorbereiding|wordt|worden|voortgezet|ontwerp\w*|raming\w*|geraamd\w*|prognose\w*|vooruitzicht\w*)\b",
    r"\b(?:niet|geen|nooit|zonder|noch|niets|nog)\b|\b(?:on|niet-)(?:goedgekeurd|ondertekend|betaald|afgewerkt|voltooid)\w*",
    r"\b(?:uitgesteld|opgeschort|stopgezet|geannuleerd|wacht\w*|afwachting|vertraag\w*|vertraging\w*|overschreden|termijn\w*|ingetrokken|geblokkeerd)\b",
    r"\b(?:tegen|v[óo][óo]r|tot) (?:het )?(?:eind\w*|begin|midden|medio|de|[0-9]|januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december)",
    r"\b(?:ter|voor) (?:goedkeuring|ondertekening|beslissing|advies|validatie|publicatie|betaling|selectie)\b",
)
# Nothing of it, a part of it, or a question.
NOTHING: Final = (
    r"(?<![\w.,/:-])(?!(?<=[0-9] )000\b)0+(?:[.,]0+)?(?:k|m|mio|eur)?(?![\w.,/-]*\w)|(?<![\w.,/:-])0+/[0-9]",
    r"\b(?:zero|zéro|nul|nulle?s?|nihil|néant|nil|void|niets|niemand|nobody|personne n|few|peu|weinig)\b",
    r"\b(?:half(?!-year)|halves|moiti[ée]|helft|part(?:s|ly|ial|ially|iel\w*)|in part|en partie|gedeelte\w*|deels|ten dele)\b",
    r"\b(?:by (?:only )?one|par un[e]? seule?|door (?:één|slechts))\b",
    r"\b(?:quasi\w*|presque|virtually|practically|bijna|nagenoeg|vrijwel|zogenaamd\w*|soi-disant|so-called)\b",
    # A dash or a stroke where the answer stands.
    r"[:\s(][-\u2013/]\W*$",
    r"\b(?:sauf|except\w*|behalve)\b|(?<!kicked )\boff\b",
    r"\b(?:tb[acd]|n/?a|n\.?v\.?t|n?ok|wip|stop|hold|ad ref)\b|\?",
    r"\b(?:requests?|requested|demandes? d'\w+|demand[ée]e?s?|sollicit\w+|gevraagd|aangevraagd|aanvra(?:ag|gen) (?:tot|om|voor))\b",
)
# Against what a type says by itself, unless the type is a refusal.
REFUSED: Final = (
    r"\b(?:refus|reject|rejet|d[ée]clin|den(?:y|ied)|afgewezen|afwijz|geweigerd|weiger|verworpen|disapprov|objected|negative\b|n[ée]gatif)\w*",
)
