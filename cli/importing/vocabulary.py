"""Words of English, French and Dutch that say nothing about whether something happened, by language.

A fact is done only when it holds nothing but these, forms of acts, names and numbers. So what is missing here makes a reading unclear, never wrong. Add nouns and plain
adjectives; never a word of time to come, of purpose, of doubt, of an end or of another act ("agenda", "request", "draft", "principle").
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Tongue: TypeAlias = Literal["en", "fr", "nl"]

# Endings of plurals and of adjectives, and what stands there without them.
ENDINGS: Final[dict[Tongue, tuple[tuple[str, str], ...]]] = {
    "en": (("s", ""), ("es", ""), ("ies", "y")),
    "fr": (
        ("s", ""),
        ("x", ""),
        ("e", ""),
        ("es", ""),
        ("aux", "al"),
        ("le", ""),
        ("les", ""),
        ("ne", ""),
        ("nes", ""),
    ),
    "nl": (("en", ""), ("n", ""), ("s", ""), ("e", "")),
}
# What joins words of a record without a verb.
LINKS: Final[dict[Tongue, str]] = {
    "en": "a an the of on for with between by about and or its their s this these those all each both other another",
    "fr": "l le la les d de du des un une sur avec entre par pour et ou son sa ses leur leurs ce cet cette ces tous toutes "
    "autre autres relatif relative relatifs relatives concernant",
    "nl": "de het een der den van over met tussen door voor en of zijn haar hun deze dit die alle andere s",
}
# Where, when, from and to whom. Not "after", "within" or "until": with them what follows may be a condition or a term; nor "selon"
# and "volgens", for that is hearsay.
PREPOSITIONS: Final[dict[Tongue, str]] = {
    "en": "in at to from since during via into among per through",
    "fr": "à au aux en dans depuis durant pendant lors chez via auprès par",
    "nl": "in op aan uit sinds tijdens bij naar via",
}
# Papers and steps on the way to an act. In a record without a verb they make another thing of it: "Launch date".
PAPERS: Final[dict[Tongue, str]] = {
    "en": "date form forms question answer text decision reading plan request application analysis evaluation process procedure",
    "fr": "date formulaire texte décision lecture plan demande candidature analyse évaluation procédure",
    "nl": "datum formulier tekst beslissing lezing plan aanvraag analyse evaluatie",
}
# What may stand around a verb besides.
AROUND_VERB: Final[dict[Tongue, str]] = {
    "en": "room study phase close course content period idea thinking preparing keeping "
    "unanimously officially formally definitively jointly successfully previously together already also then more",
    "fr": "salle étude phase unanimité officiellement définitivement formellement unanimement conjointement déjà",
    "nl": "zaal studie fase eenparig unaniem officieel definitief formeel gezamenlijk reeds al er geworden",
}
AUXILIARIES: Final[dict[Tongue, str]] = {
    "en": "was were been has have had is are got",
    "fr": "a ont est sont été fut furent avait avaient était étaient",
    "nl": "werd werden is zijn was waren heeft hebben had",
}
MONTHS: Final[dict[Tongue, str]] = {
    "en": "january february march april may june july august september october november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
WORDS: Final[dict[Tongue, str]] = {
    "en": "rooms texts masterplan skatepark modification impact way protection spring summer autumn winter "
    "monday tuesday wednesday thursday friday year years month months week day days semester quarter early mid end "
    "beginning one two three four five six seven eight nine ten eleven twelve first second third fourth fifth sixth "
    "seventh eighth ninth tenth last final new single multi joint common general special specific regional local municipal "
    "national european federal public private social economic socio financial administrative technical cultural urban "
    "rural green digital online real annual yearly monthly young french dutch german english brussels flemish walloon "
    "belgian bilingual provisional definitive positive favourable initial additional complementary main big small large "
    "high low old hybrid sustainable strategic operational territorial electric historic architectural environmental "
    "international higher safe secondary primary early "
    "jury steering accompanying feasibility household households ministers secretariat web government parliament council region regions commission committee minister ministry ministerial secretary state "
    "administration municipality municipalities commune communes city town province community communities authority "
    "authorities inspector inspection inspectorate finance court college board assembly mayor alderman partner partners "
    "party parties operator operators beneficiary beneficiaries owner owners applicant applicants candidate candidates "
    "association associations company companies enterprise business university school schools hospital agency bureau "
    "bureaus office offices unit service services department team staff personnel employee worker workers expert experts "
    "architect architects contractor contractors tenant tenants resident residents inhabitant inhabitants citizen citizens "
    "pupil pupils student students teacher teachers child children youth family families people person persons refugee "
    "refugees volunteer volunteers visitor visitors tourist tourists athlete sector sectors actor actors stakeholder "
    "programme programmes program programs project projects contract contracts convention conventions call calls "
    "dossier dossiers file files decree decrees ordinance ordinances regulation regulations rule rules law act "
    "texts circular charter strategy strategies policy policies measure measures axis axes objective objectives "
    "perimeter perimeters zone zones area areas site sites neighbourhood neighbourhoods quarter district street square "
    "park parks garden forest canal station building buildings house houses housing dwelling dwellings apartment rooms "
    "hall centre centres center infrastructure facility facilities equipment playground playgrounds pool swimming sport "
    "sports gym library museum theatre festival market shop terrace road roads path paths cycle bike bicycle bus tram metro "
    "train parking mobility traffic transport tunnel bridge energy water waste air climate heat solar light lighting network "
    "networks data database map maps atlas register catalogue system systems platform platforms software application "
    "applications website webpage page site tool tools toolbox guide guides vade mecum handbook manual brochure leaflet "
    "flyer book report reports note notes newsletter magazine video film campaign campaigns poster focus benchmark study "
    "studies survey diagnosis diagnoses diagnostic diagnostics inventory statistics result results "
    "output outputs product products complaint account accounts budget budgets credit credits "
    "fund funds funding grant grants subsidy subsidies premium premiums loan loans amount amounts euro euros eur million "
    "billion advance advances instalment tranche tranches balance payment payments expenditure expenses cost costs revenue "
    "fee fees tax taxes post posts job jobs place places round rounds lot lots "
    "edition editions issue series group groups working work works team network development renewal revitalisation "
    "regeneration renovation construction restoration education training employment integration inclusion health care "
    "childcare childhood nursery crèche retention dropout language learning literacy culture heritage tourism economy "
    "innovation research science technology security safety prevention cleanliness equality gender diversity welfare "
    "poverty homelessness shelter emergency accommodation reception participation cooperation collaboration exchange "
    "support help assistance management administration opening space spaces surface land plot grid fibre connectivity "
    "deployment accessibility supply preemption pre emption "
    "creation mechanism mechanisms instrument instruments scheme provision provisions "
    "recommendation recommendations label labels certificate permit permits licence agreement "
    "agreements protocol memorandum first "
    "day days presence president director "
    "chair member members delegation representative representatives use segment segmented audit vaccination react "
    "contrat contrats école quartier durable rénovation repeated action content section sections "
    "specifications follow code name word place",
    "fr": "personnes salles textes modification protection printemps automne hiver "
    "année an mois semaine jour semestre trimestre début fin "
    "deux trois quatre cinq six sept huit neuf dix premier première deuxième second seconde troisième quatrième cinquième "
    "dernier dernière final nouveau nouvelle nouveaux nouvelles commun général spécifique régional local communal "
    "national européen fédéral public publique privé social socio économique financier financière administratif "
    "administrative technique culturel urbain rural vert numérique annuel jeune français néerlandais bruxellois flamand "
    "wallon belge bilingue provisoire définitif définitive positif positive favorable initial supplémentaire principal "
    "grand petit durable stratégique opérationnel territorial électrique historique international scolaire sportif "
    "sportive touristique supérieur maternel primaire secondaire mixte pilote "
    "jury pilotage accompagnement faisabilité ménage web gouvernement parlement conseil région commission ministre ministère secrétaire état administration commune ville "
    "province communauté autorité inspecteur inspection finances cour collège assemblée bourgmestre échevin échevinal "
    "partenaire parties opérateur bénéficiaire propriétaire demandeur candidat association asbl société entreprise "
    "université école hôpital agence bureau bureaux unité service département équipe personnel agent travailleur expert "
    "architecte entrepreneur locataire habitant citoyen élève étudiant enseignant enfant jeunesse famille "
    "réfugié bénévole visiteur touriste secteur acteur président directeur membre représentant "
    "programme projet contrat convention appel dossier décret ordonnance règlement règle loi circulaire charte "
    "stratégie politique mesure axe objectif périmètre zone site quartier rue place square parc jardin forêt canal gare "
    "bâtiment maison logement appartement centre infrastructure équipement plaine jeu piscine sport bibliothèque "
    "musée théâtre festival marché commerce route chemin piste cyclable vélo bus tram métro train parking mobilité trafic "
    "transport tunnel pont énergie eau déchet air climat chaleur lumière éclairage réseau donnée base carte atlas registre "
    "catalogue système plateforme logiciel application page outil guide manuel brochure dépliant livre rapport note "
    "magazine vidéo film campagne affiche étude diagnostic inventaire statistique résultat produit "
    "plainte compte budget budgétaire crédit fonds subvention subside prime prêt montant euro euros eur "
    "million milliard avance acompte tranche solde paiement dépense coût recette poste emploi "
    "lot édition série groupe travail travaux développement revitalisation rénovation construction restauration "
    "éducation enseignement formation insertion inclusion santé soin crèche accueil enfance petite langue apprentissage "
    "culture patrimoine tourisme économie innovation recherche science technologie sécurité prévention propreté égalité "
    "genre diversité pauvreté hébergement participation coopération collaboration échange soutien aide gestion espace "
    "surface terrain parcelle accessibilité création mécanisme instrument disposition recommandation label "
    "certificat permis urbanisme accord protocole "
    "présence charges cahier",
    "nl": "zalen teksten masterplan skatepark opdracht projectoproep wijziging bescherming lente zomer herfst winter "
    "jaar maand week dag semester kwartaal begin einde eind "
    "twee drie vier vijf zes zeven acht negen tien eerste tweede derde vierde vijfde laatste finaal nieuw nieuwe "
    "gemeenschappelijk algemeen algemene specifiek gewestelijk lokaal lokale gemeentelijk nationaal nationale europees "
    "europese federaal federale publiek openbaar openbare privé sociaal sociale economisch financieel financiële "
    "administratief administratieve technisch cultureel culturele stedelijk landelijk groen groene digitaal digitale "
    "jaarlijks jong frans nederlands brussels brusselse vlaams vlaamse waals waalse belgisch tweetalig voorlopig "
    "definitief definitieve positief positieve gunstig initieel bijkomend groot grote klein kleine duurzaam duurzame "
    "strategisch operationeel operationele territoriaal elektrisch historisch internationaal hoger "
    "jury stuurgroep begeleidingscomité haalbaarheid huishouden ministerraad web regering parlement raad gewest commissie comité minister ministerieel ministeriële secretaris staat administratie "
    "gemeente stad provincie gemeenschap overheid inspecteur inspectie financiën hof college burgemeester "
    "schepen schepencollege partner partij operator begunstigde eigenaar aanvrager kandidaat vereniging vzw vennootschap "
    "bedrijf onderneming universiteit school scholen ziekenhuis agentschap bureau eenheid dienst departement ploeg "
    "personeel medewerker werknemer expert architect aannemer huurder bewoner inwoner burger leerling student leerkracht "
    "kind kinderen jeugd gezin gezinnen persoon personen vluchteling vrijwilliger bezoeker toerist sector actor "
    "voorzitter directeur lid leden vertegenwoordiger "
    "programma programma's project contract overeenkomst conventie oproep dossier decreet ordonnantie besluit reglement "
    "regel wet omzendbrief charter strategie beleid maatregel as doelstelling perimeter zone site wijk wijkcontract "
    "straat plein park tuin bos kanaal station gebouw huis woning appartement centrum centra infrastructuur "
    "voorziening uitrusting speelplein zwembad sport bibliotheek museum theater festival markt handel weg wegen pad "
    "fietspad fiets bus tram metro trein parking mobiliteit verkeer vervoer tunnel brug energie water afval lucht klimaat "
    "warmte licht verlichting netwerk gegeven databank kaart atlas register catalogus systeem systemen platform software "
    "toepassing website pagina instrument gids handleiding brochure folder boek verslag rapport nota magazine video film "
    "campagne affiche diagnose inventaris statistiek resultaat resultaten product "
    "klacht rekening begroting krediet fonds subsidie premie lening bedrag euro eur miljoen miljard voorschot schijf saldo "
    "betaling uitgave kost kosten ontvangst functie baan lot editie reeks groep werkgroep "
    "werk werken ontwikkeling heropleving renovatie stadsvernieuwing bouw restauratie onderwijs vorming opleiding "
    "tewerkstelling inschakeling inclusie gezondheid zorg crèche kinderopvang opvang taal leren cultuur erfgoed toerisme "
    "economie innovatie onderzoek wetenschap technologie veiligheid preventie netheid gelijkheid gender diversiteit "
    "armoede huisvesting participatie samenwerking uitwisseling steun hulp beheer ruimte oppervlakte grond perceel "
    "toegankelijkheid oprichting mechanisme bepaling aanbeveling label certificaat vergunning "
    "stedenbouwkundige stedenbouw akkoord protocol "
    "aanwezigheid bestek lastenboek",
}
# Names that a capital does not tell apart where a text begins, or that go on without one: the municipalities of the Region and
# the objectives of its European programmes.
PROPER: Final = (
    "anderlecht auderghem oudergem berchem agathe bruxelles brussel ville etterbeek evere forest vorst ganshoren ixelles elsene "
    "jette koekelberg molenbeek saint sint jean jans gilles gillis josse joost schaerbeek schaarbeek uccle ukkel watermael "
    "watermaal boitsfort bosvoorde woluwe lambert lambrechts pierre pieters "
    "fr nl cru cqd pdv caci zru rbc rie eui ia eu os oo gte amo mod contrats école react esprit scientifique hébergement publics fragilisés"
)
# What an account is sorted by, before a colon. Not "objective", "planning", "programme" or "condition".
HEADINGS: Final[dict[Tongue, str]] = {
    "en": "series axis call account contract convention zone perimeter lot neighbourhood decree ordinance study report "
    "first second third final specific",
    "fr": "série axe appel compte contrat convention zone périmètre lot quartier décret ordonnance étude rapport "
    "premier deuxième second troisième dernier final",
    "nl": "reeks as oproep rekening contract overeenkomst zone perimeter lot wijk decreet ordonnantie studie verslag "
    "eerste tweede derde laatste finaal",
}
# What may follow a noun without making another thing of it: "Opinion positive" is an opinion, "Opinion survey" a survey.
QUALITIES: Final = (
    "positive favourable positif positive favorable positief gunstig public publique ministériel gouvernemental définitif définitive "
    "provisoire final finale ministerial"
)
# Phrases that stand for one noun, though their words could say something else.
PHRASES: Final = (
    r"\bcalls? for (?:projects?|applications?|proposals|tenders?|candidates|interest)\b",
    r"\bappels? (?:à|aux) (?:projets?|candidatures?|candidats?|manifestations? d'intérêt)\b|\bappels? d'offres\b",
    r"(?:^|(?<=: )|\bl'|\b(?:un|les|des|cet|d'|de l') ?)arrêtés?(?: (?:ministériels?|royal|royaux|d'exécution|du gouvernement))?\b",
    r"\bnumber (?=\d)|\b[BC] (?=credits\b)|\bas planned\b|^conditions of the (?=calls?\b)",
    r"^after (?:one|the first) (?:semester|quarter|half-year),|, so \d{1,3} out of \d{1,3}(?=,)",
    r"\bhalf-years?\b|\bfollow-up (?=(?:working |sub-?)?(?:groups?|committees?|meetings?)\b)",
    r"\b\w+\.(?:brussels|be|eu|org)\b",
    # Remarks of the reader on the source; one with a number may name a year, so it is read.
    r"\((?:year (?:implied by|from) [^()\d]*(?:sentence|heading)|the (?:sentence before|heading) gives the year)\)",
    r"\((?:repeated in action list|the list of actions says it again)\)",
)
