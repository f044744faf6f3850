"""The topics of a hundred short texts by the bundled catalogue.

Some texts are false friends: their words mean something else here, or in another language.
"""
# ruff: noqa: E501 - one row a line

import pytest

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.rules.words.text import words

TOPICS = load_catalogue().topics

# The reason, the text, all topics that must be found in it, in order.
FOUND: list[tuple[str, str, list[str]]] = [
    ("two topics of one subject", "Police may not use facial recognition, judge says", ["AI", "Computer Vision"]),
    ("capitals", "FACIAL RECOGNITION AT THE FERRY", ["AI", "Computer Vision"]),
    ("a hyphen for a space", "Facial-recognition cameras at the harbour", ["AI", "Computer Vision"]),
    ("a company's name", "OpenAI opens an office in Northfield", ["AI"]),
    ("two short signals", "The new GPU makes AI cheaper", ["AI"]),
    ("a hashtag", "What we learnt this week #GenAI", ["AI"]),
    ("a short hashtag", "Not a human wrote this #AI", ["AI"]),
    ("in French", "L'intelligence artificielle entre au port", ["AI"]),
    ("in French, an elision", "Les dangers de l’intelligence artificielle", ["AI"]),
    ("in Spanish, without its accent", "Un curso de inteligencia artificial en el puerto", ["AI"]),
    ("in Portuguese, without its accent", "Um curso de inteligencia artificial no porto", ["AI"]),
    ("in Turkish", "Limanda yapay zekâ dönemi", ["AI"]),
    ("in Ukrainian", "Порт запускає штучний інтелект", ["AI"]),
    ("in Russian", "Порт внедряет искусственный интеллект", ["AI"]),
    ("in Arabic", "الميناء يستخدم الذكاء الاصطناعي", ["AI"]),
    ("in Japanese, without spaces", "港が人工知能を導入", ["AI"]),
    ("in Chinese, without spaces", "港口引进人工智能系统", ["AI"]),
    ("in Korean", "항구에 인공지능 도입", ["AI"]),
    ("in German, one word", "Streit um Gesichtserkennung am Bahnhof", ["Computer Vision", "AI"]),
    ("climate, and its parent", "Islands sue over climate change", ["Climate", "Environment"]),
    ("climate by its hashtag", "Islands sue #ClimateChange", ["Climate", "Environment"]),
    ("climate in French, accents left out", "Le rechauffement climatique menace l'ile", ["Climate", "Environment"]),
    ("climate in Hindi", "जलवायु परिवर्तन पर बैठक", ["Climate", "Environment"]),
    ("climate in Traditional Chinese", "島國因氣候變化提告", ["Climate", "Environment"]),
    ("climate in Korean, with a space", "기후 변화 회의 개막", ["Climate", "Environment"]),
    ("climate in Arabic", "مؤتمر عن تغير المناخ", ["Climate", "Environment"]),
    ("wild fire as one word", "Wildfire nears the quarry", ["Wildfires", "Environment"]),
    ("wild fire in Spanish", "Un incendio forestal cerca de la cantera", ["Wildfires", "Environment"]),
    ("water", "Tap water safe again in Alder Vale", ["Drinking water", "Environment"]),
    ("water in Arabic", "افتتاح مشروع لتحلية مياه البحر", ["Drinking water", "Environment"]),
    ("weather in French", "La canicule ferme les écoles", ["Extreme weather", "Environment"]),
    ("the sea", "Coral bleaching spreads north", ["Oceans", "Environment"]),
    ("birds", "Storm petrels nest on the rock again", ["Wildlife", "Environment"]),
    ("an election", "Polling stations open in snap election", ["Elections", "Politics"]),
    ("an election in Japanese", "衆院選の投票が始まる", ["Elections", "Politics"]),
    ("an election in French", "L'élection présidentielle aura lieu en mai", ["Elections", "Politics"]),
    ("a council", "City council keeps the ferry", ["Local government", "Politics"]),
    ("a council in French", "Le conseil municipal garde le bac", ["Local government", "Politics"]),
    ("a cup", "Quarter-final draw of the FA Cup", ["Football", "Sport"]),
    ("a short name that is a phrase", "UEFA fines the club", ["Football", "Sport"]),
    ("another game", "Indian Premier League begins in March", ["Cricket", "Sport"]),
    ("a race", "The yellow jersey crashes in the Tour de France", ["Cycling", "Sport"]),
    ("a tournament", "Rain delays Roland Garros", ["Tennis", "Sport"]),
    ("the games in Japanese", "オリンピックの聖火が到着", ["Olympics", "Sport"]),
    ("the games in German", "Olympische Spiele ohne Publikum", ["Olympics", "Sport"]),
    ("rugby", "All Blacks name their captain", ["Rugby", "Sport"]),
    ("a strike of drivers", "Rail strike: train drivers stay out", ["Labour", "Economy", "Railways", "Transport"]),
    ("two short signals of railways", "Rail and tram fares rise", ["Railways", "Transport"]),
    ("railways in Japanese", "新幹線が運転を再開", ["Railways", "Transport"]),
    ("a ship", "Container ship loses 20 boxes", ["Shipping", "Transport"]),
    ("an aeroplane", "Air traffic controllers end their walkout", ["Aviation", "Transport"]),
    ("interest", "Federal Reserve leaves interest rates unchanged", ["Central banks", "Economy"]),
    ("interest in French", "La Banque centrale européenne relève ses taux", ["Central banks", "Economy"]),
    ("prices", "Inflation slows for a third month", ["Economy"]),
    ("trade", "Import tariffs on steel to double", ["Trade", "Economy"]),
    ("shares", "Stock markets close for the holiday", ["Markets", "Business"]),
    ("results", "Ferry line doubles annual profit", ["Company results", "Business"]),
    ("farms", "Wheat harvest fails in the north", ["Agriculture", "Business"]),
    ("an attack on machines", "Ransomware shuts the port", ["Cybersecurity", "Technology"]),
    ("the same in French", "Une cyberattaque paralyse le port", ["Cybersecurity", "Technology"]),
    ("the sky", "Astronomers find a new exoplanet", ["Astronomy", "Science"]),
    ("space", "Astronauts repair the space station", ["Space", "Science"]),
    ("two short signals of space", "NASA and ESA sign a treaty", ["Space", "Science"]),
    ("an illness", "Measles returns to Northfield", ["Public health", "Health"]),
    ("the same in German", "Masern in der Hafenstadt", ["Public health", "Health"]),
    ("a recall", "Soft cheese recalled over listeria", ["Food safety", "Health"]),
    ("the mind", "More beds for mental health patients", ["Mental health", "Health"]),
    ("a court", "Supreme Court hears the ferry case", ["Courts", "Crime and justice"]),
    ("a crime", "Man held after armed robbery in Skarra", ["Crime and justice"]),
    ("a prize for a book", "Skarra novelist wins Booker Prize", ["Books", "Culture"]),
    ("a prize for a film", "Quay drama takes Palme d’Or", ["Film", "Culture"]),
    ("a library in Chinese", "新的公共图书馆开放", ["Libraries", "Culture"]),
    ("an orchestra", "Symphony orchestra plays on the quay", ["Music", "Culture"]),
    ("peace", "Ceasefire holds for a second day", ["Military and conflict"]),
    ("peace in Ukrainian", "Сторони обговорили припинення вогню", ["Military and conflict"]),
    ("refuge", "Asylum seekers housed on a barge", ["Migration"]),
    ("homes", "House prices fall in the harbour towns", ["Housing"]),
    ("energy", "Offshore wind farm approved", ["Energy"]),
]  # fmt: skip
FALSE_FRIENDS: list[tuple[str, str, list[str]]] = [
    ("French for 'have'", "J’ai modelé un vase, et j’ai vu la mer", []),
    ("Tagalog for 'in'", "Ang mga bata ay nasa paaralan na", []),
    ("Spanish for 'that'", "El vecino vio a esa señora en la playa", []),
    ("a name that is a short signal", "Ai Weiwei shows his bicycles", []),
    ("rail of a staircase", "She held the rail all the way down", []),
    ("a metaphor of ships", "Budget talks ran aground on Thursday", []),
    ("another football", "Collingwood Football Club names its captain", []),
    ("Italian for a series", "Una serie A fumetti per ragazzi", []),
    ("a legislature's strike", "Senators vote to strike the clause", []),
    ("lightning", "Lightning strike sets barn alight", []),
    ("a party's name", "Labour gains two seats in the north", []),
    ("a trade of players", "Trade talks for the quarterback go on", []),
    ("a listing in small print", "Acme (NASDAQ: ACME) names a new chief", []),
    ("a garden's stock", "A stock exchange of garden plants", []),
    ("advice", "Why drinking water before meals may help", []),
    ("a retailer", "Comet closes its last shops", []),
    ("a rocket's leak", "Fuel leak delays moon launch", []),
    ("a company's vision", "The computer maker's vision", []),
    ("an academy's election", "His election to the academy", []),
    ("a political climate", "A climate of change in politics", []),
    ("within a longer word", "Trail strikers and monorail strikes", []),
    ("a longer word at the end", "The town councillor's courtship", []),
    ("words in reverse order", "Change climate, not curtains", []),
    ("words with another word between", "Machine for learning the piano", []),
    ("over the end of a sentence's word", "Deep down, learning goes on", []),
    ("an actor's name", "Denzel Washington opens the gallery", []),
    ("a river's bank", "The central part of the river bank", []),
    ("a market of fish", "Fish market moves to the quay", []),
    ("a space to park", "Parking space sold for a million", []),
    ("a hashtag's word without its sign", "The cannes of the north, a small town", []),
    ("a longer hashtag", "Fun at the lake #AIrbnb", []),
    ("characters over two words", "私は人工の知能を疑う", []),
    ("a virus of machines", "A virus went through the office", []),
    ("a court of tennis", "New court for the tennis club", []),
    ("an open day in Australia", "Open day in an Australian school", []),
    ("an apple", "Apple harvesters wanted", []),
]  # fmt: skip
ROWS = FOUND + FALSE_FRIENDS


@pytest.mark.parametrize(("reason", "text", "topics"), ROWS, ids=[row[0] for row in ROWS])
def test_the_topics_of_a_text(reason: str, text: str, topics: list[str]) -> None:
    assert TOPICS.match(words(text), [], text) == topics, reason


def test_the_table_has_unique_reasons_and_enough_rows() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)
    assert len(ROWS) >= 100
    assert len(FALSE_FRIENDS) >= 30
