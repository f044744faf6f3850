"""The detected languages of sixty texts in twenty languages, as crawlers send them."""
# ruff: noqa: E501 - one text a line

import pytest

from newsloom.rules.words.language import UNDETERMINED, detect_language

# The language, the reason for the row, the text.
TEXTS = [
    ("en", "a headline", "Ferry service to the outer islands suspended after engine fire"),
    ("en", "with foreign names", "Mayor Jiří Dvořák and Señora Núñez opened the new bridge together"),
    ("en", "figures beside words", "Company sold 4,200 boats in 2025, which was 12% more than before"),
    ("de", "a headline", "Fährverkehr zu den Inseln nach Brand im Maschinenraum eingestellt"),
    ("de", "English loanwords", "Das Startup will mit einer neuen App den Ticketverkauf im Hafen beschleunigen"),
    ("de", "without umlauts", "Der Rat der Stadt hat gestern den Haushalt mit einer Stimme Mehrheit angenommen"),
    ("fr", "a headline", "Le trafic des ferries suspendu après un incendie dans la salle des machines"),
    ("fr", "without accents", "Les habitants du village attendent toujours le retour de la navette du matin"),
    ("fr", "quotes and elisions", "« L'eau est revenue », s'est réjouie l'adjointe au maire d'Arvelle jeudi"),
    ("es", "a headline", "Suspenden el servicio de transbordadores tras un incendio en la sala de máquinas"),
    ("es", "near Portuguese", "La alcaldesa dijo que las obras del puente terminarán antes del verano"),
    ("es", "a question", "¿Por qué los vecinos del puerto no quieren que vuelva el mercado de los lunes?"),
    ("it", "a headline", "Sospesi i traghetti per le isole dopo un incendio nella sala macchine"),
    ("it", "near Spanish", "Il sindaco ha detto che i lavori del ponte finiranno prima dell'estate"),
    ("it", "an excerpt", "Gli abitanti del quartiere hanno chiesto al comune di riaprire la vecchia biblioteca"),
    ("pt", "a headline", "Serviço de balsas para as ilhas é suspenso após incêndio na casa das máquinas"),
    ("pt", "of Brazil", "A prefeita disse que você poderá usar o novo ônibus a partir da segunda-feira"),
    ("pt", "of Portugal", "O autarca afirmou que os comboios vão voltar a circular na linha do litoral"),
    ("nl", "a headline", "Veerdienst naar de eilanden stilgelegd na brand in de machinekamer"),
    ("nl", "near German", "De burgemeester wil dat de winkels in de haven ook op zondag open mogen"),
    ("nl", "an excerpt", "Volgens de gemeente is het nog niet duidelijk wanneer de brug weer open kan"),
    ("sv", "a headline", "Färjetrafiken till öarna ställs in efter brand i maskinrummet"),
    ("sv", "near Danish", "Kommunen säger att det ännu inte är klart när bron kan öppnas igen"),
    ("sv", "an excerpt", "Flera hundra personer samlades på torget för att protestera mot beslutet"),
    ("fi", "a headline", "Lauttaliikenne saarille keskeytettiin konehuoneen tulipalon vuoksi"),
    ("fi", "long words", "Kaupunginvaltuusto hyväksyi talousarvion pitkän keskustelun jälkeen maanantaina"),
    ("fi", "an excerpt", "Pormestarin mukaan silta avataan liikenteelle vasta ensi vuoden keväällä"),
    ("pl", "a headline", "Zawieszono kursy promów na wyspy po pożarze w maszynowni"),
    ("pl", "an excerpt", "Burmistrz zapowiedziała, że most zostanie otwarty jeszcze przed wakacjami"),
    ("pl", "a name abroad", "Mieszkańcy Northfield czekają na wyniki badań wody po wycieku z kamieniołomu"),
    ("cs", "a headline", "Provoz trajektů na ostrovy byl přerušen po požáru ve strojovně"),
    ("cs", "near Slovak", "Starostka řekla, že most bude otevřen ještě před začátkem léta"),
    ("cs", "an excerpt", "Městská rada včera schválila rozpočet, který počítá s opravou knihovny"),
    ("hu", "a headline", "Leállították a kompjáratokat a szigetekre a gépházban keletkezett tűz miatt"),
    ("hu", "an excerpt", "A polgármester szerint a hidat még a nyár előtt megnyitják a forgalom előtt"),
    ("hu", "a quotation", "„Nem tudjuk, mikor lesz újra ivóvíz” – mondta a városháza szóvivője"),
    ("ro", "a headline", "Cursele de feribot către insule au fost suspendate după un incendiu la bord"),
    ("ro", "without diacritics", "Primarul a spus ca podul va fi deschis inainte de inceputul verii pentru toti locuitorii"),
    ("ro", "an excerpt", "Consiliul local a aprobat bugetul după o dezbatere care a durat până la miezul nopții"),
    ("el", "a headline", "Διακόπηκαν τα δρομολόγια των πλοίων μετά από φωτιά στο μηχανοστάσιο"),
    ("el", "with a Latin name", "Η εταιρεία Meridian ανακοίνωσε ότι θα ανοίξει νέο γραφείο στο λιμάνι"),
    ("el", "an excerpt", "Ο δήμαρχος είπε ότι η γέφυρα θα παραδοθεί στην κυκλοφορία πριν από το καλοκαίρι"),
    ("ru", "a headline", "Паромное сообщение с островами прервано после пожара в машинном отделении"),
    ("ru", "an excerpt", "Мэр сообщила, что мост откроют для движения ещё до начала лета"),
    ("ru", "a quotation", "«Мы не знаем, когда снова будет вода», — сказал представитель городской администрации"),
    ("uk", "a headline", "Поромне сполучення з островами припинили після пожежі в машинному відділенні"),
    ("uk", "near Russian", "Міська рада затвердила бюджет на наступний рік після тривалого обговорення"),
    ("uk", "an excerpt", "Міська голова повідомила, що міст відкриють для руху ще до початку літа"),
    ("tr", "a headline", "Makine dairesinde çıkan yangının ardından adalara feribot seferleri durduruldu"),
    ("tr", "an excerpt", "Belediye başkanı köprünün yaz başlamadan önce trafiğe açılacağını söyledi"),
    ("tr", "a name abroad", "Northfield sakinleri taş ocağındaki sızıntıdan sonra su sonuçlarını bekliyor"),
    ("ar", "a headline", "تعليق رحلات العبّارات إلى الجزر بعد حريق في غرفة المحركات"),
    ("ar", "an excerpt", "قالت رئيسة البلدية إن الجسر سيفتح أمام حركة المرور قبل بداية الصيف"),
    ("ar", "with figures", "ارتفع عدد الركاب في الميناء إلى 42 ألف راكب خلال شهر مارس الماضي"),
    ("ja", "a headline", "機関室の火災を受け、離島へのフェリーが運航を見合わせ"),
    ("ja", "mostly kanji", "市議会、来年度予算案を賛成多数で可決した"),
    ("ja", "an excerpt", "市長は、橋は夏が始まる前に開通する見通しだと述べた。"),
    ("zh", "simplified", "机舱起火后，前往各岛的渡轮服务暂停，乘客需改乘其他船只"),
    ("zh", "traditional", "機艙起火後，前往各島的渡輪服務暫停，乘客需改搭其他船隻"),
    ("zh", "an excerpt", "市长表示，这座大桥将在夏天到来之前恢复通车，请市民耐心等待"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, _, text in TEXTS],
    ids=[f"{language}: {why}" for language, why, _ in TEXTS],
)
def test_the_language_is_detected(language: str, text: str) -> None:
    assert detect_language(text) == language


def test_the_table_has_sixty_texts_in_twenty_languages() -> None:
    assert len(TEXTS) >= 60
    assert len({language for language, _, _ in TEXTS}) >= 20
    assert UNDETERMINED not in {language for language, _, _ in TEXTS}
