"""A set of labelled articles in eight languages and six scripts, dated over three months.

The sentences are hand-written. In each language there are two kinds of event; each happens in four
places and is reported by four outlets. Two of the events are within two days, and their reports use
different words. The oldest event arrives last.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.support.lanes import DAY_S, HOUR_S, event

DAYS = (40, 42, 75, 3)
"""The days of the four events of a kind, in order of arrival: the last is a back-fill."""

REPORTS_PER_EVENT = 4


class Kind(NamedTuple):
    """A kind of event: its places, each with a person who is quoted, and its reports.

    The last four reports are used for the second place, the first four for all others.
    """

    places: tuple[tuple[str, str], ...]
    reports: tuple[tuple[str, str], ...]


class Labelled(NamedTuple):
    """An event, and the label of its story."""

    event: dict[str, Any]
    story: str


_LATIN = (
    ("Northfield", "Moen"),
    ("Skarra", "Halloran"),
    ("Brimvik", "Castell"),
    ("Ulldal", "Roke"),
)
_GERMAN = (
    ("Norderau", "Möhnert"),
    ("Schorrbach", "Halbritter"),
    ("Brinkstedt", "Kastelan"),
    ("Uhldorf", "Rokitta"),
)
_CYRILLIC = (
    ("Севергорск", "Моинов"),
    ("Каменоград", "Халоранова"),
    ("Брымск", "Кастелин"),
    ("Улдалево", "Рокина"),
)
_GREEK = (
    ("Βορειόπολη", "Μοένης"),
    ("Σκάρρα", "Χαλόρας"),
    ("Βριμοχώρι", "Καστέλης"),
    ("Ουλδάλη", "Ρόκας"),
)
_ARABIC = (("نورفيلد", "موين"), ("سكارا", "هالوران"), ("بريمفيك", "كاستيل"), ("أولدال", "روكي"))
_KANA = (
    ("北野浜", "森永"),
    ("須賀良町", "春蘭"),
    ("鰤美湾", "勝照"),
    ("宇留谷", "六家"),
)
_HAN = (("北田镇", "莫恩"), ("斯卡拉市", "哈洛兰"), ("布林湾", "卡斯特"), ("乌尔谷", "罗克"))
_THAI = (("นอร์ฟิลด์", "โมเอน"), ("สการ์รา", "ฮัลโลรัน"), ("บริมวิค", "คาสเทล"), ("อุลดัล", "โรเก"))


def _elsewhere(places: tuple[tuple[str, str], ...], *speakers: str) -> tuple[tuple[str, str], ...]:
    """The same towns, rotated by one, with other people: a town has two stories within two days."""
    towns = [town for town, _ in places[1:] + places[:1]]
    return tuple(zip(towns, speakers, strict=True))


_LATIN_ELSEWHERE = _elsewhere(_LATIN, "Dravic", "Ostrem", "Quill", "Tamsin")
_GERMAN_ELSEWHERE = _elsewhere(_GERMAN, "Drawitz", "Ostermann", "Quilling", "Tamm")
_CYRILLIC_ELSEWHERE = _elsewhere(_CYRILLIC, "Дравич", "Остремов", "Квилин", "Тамсина")
_GREEK_ELSEWHERE = _elsewhere(_GREEK, "Δράβας", "Οστρέμης", "Κυλίνης", "Ταμσίνος")
_ARABIC_ELSEWHERE = _elsewhere(_ARABIC, "درافيتش", "أوستريم", "كويل", "تامسين")
_KANA_ELSEWHERE = _elsewhere(_KANA, "土良", "大須藤", "久井", "玉津")
_HAN_ELSEWHERE = _elsewhere(_HAN, "德拉维", "奥斯特", "奎尔", "塔姆辛")
_THAI_ELSEWHERE = _elsewhere(_THAI, "ดราวิช", "ออสเตรม", "ควิลล์", "ทัมซิน")

KINDS: dict[str, tuple[Kind, ...]] = {
    "en": (
        Kind(
            _LATIN,
            (
                ("Fire destroys warehouse in {p}", "Firefighters fought the {p} blaze all night."),
                ("{p} warehouse fire: smoke over the town", "Chief {n} asked people to stay in."),
                ("Warehouse in {p} burns down", "A pump is blamed for the fire, said chief {n}."),
                ("After the fire in {p}, {n} praises crews", "The warehouse is a total loss."),
                (
                    "Explosion at {p} depot sets warehouse alight",
                    "The blast in {p} was heard for miles.",
                ),
                (
                    "{p} depot blast: workers safe, says {n}",
                    "All forty workers left before the explosion spread.",
                ),
                (
                    "Gas bottles blamed for {p} depot explosion",
                    "Inspector {n} found a leaking valve.",
                ),
                ("{p} closes harbour road after depot blast", "{n} expects it to reopen tomorrow."),
            ),
        ),
        Kind(
            _LATIN_ELSEWHERE,
            (
                ("{n} elected mayor of {p}", "Voters in {p} chose {n} by a wide margin."),
                ("{p} election: {n} wins mayoral race", "The former mayor conceded at midnight."),
                ("New mayor {n} promises {p} cheaper trams", "The election was held on Sunday."),
                ("What {n}'s victory means for {p}", "The new mayor faces an empty town purse."),
                (
                    "{p} council picks {n} as mayor",
                    "Nine of fifteen councillors of {p} backed {n}.",
                ),
                (
                    "Councillors hand {p} chain to {n}",
                    "The vote in the council chamber was secret.",
                ),
                (
                    "{n} takes over a divided {p} council",
                    "Six councillors walked out before the vote.",
                ),
                (
                    "Walkout mars vote for {n} in {p}",
                    "Councillors of the harbour party left the chamber.",
                ),
            ),
        ),
    ),
    "de": (
        Kind(
            _GERMAN,
            (
                ("Großbrand zerstört Lagerhalle in {p}", "Die Feuerwehr löschte in {p} bis früh."),
                ("Lagerhalle in {p} abgebrannt", "Rauch zog über {p}, sagte Brandmeister {n}."),
                ("{p}: Rauchwolke nach Brand der Lagerhalle", "{n} rät, Fenster zu schließen."),
                ("Nach dem Brand in {p} lobt {n} die Feuerwehr", "Die Lagerhalle ist verloren."),
                ("Explosion im Depot von {p}", "Den Knall in {p} hörte man kilometerweit."),
                (
                    "Depot in {p} explodiert, alle Arbeiter wohlauf",
                    "Vierzig Arbeiter kamen davon, sagt {n}.",
                ),
                (
                    "Gasflaschen lösten Explosion in {p} aus",
                    "Ermittler {n} fand im Depot ein undichtes Ventil.",
                ),
                (
                    "{p} sperrt nach der Explosion die Hafenstraße",
                    "{n} will sie morgen wieder öffnen.",
                ),
            ),
        ),
        Kind(
            _GERMAN_ELSEWHERE,
            (
                ("{n} zum Bürgermeister von {p} gewählt", "Die Wahl in {p} fiel deutlich aus."),
                ("Bürgermeisterwahl in {p}: {n} siegt", "Der Amtsinhaber gab sich geschlagen."),
                ("{n} verspricht {p} billigere Straßenbahnen", "Der Bürgermeister ist gewählt."),
                ("Was der Wahlsieg von {n} für {p} heißt", "Der Bürgermeister erbt Schulden."),
                (
                    "Gemeinderat von {p} kürt {n}",
                    "Neun von fünfzehn Räten in {p} stimmten für {n}.",
                ),
                ("{n} erhält die Amtskette von {p}", "Der Gemeinderat stimmte geheim ab."),
                (
                    "{n} übernimmt zerstrittenen Gemeinderat in {p}",
                    "Sechs Räte verließen vorher den Saal.",
                ),
                ("Eklat bei der Kür von {n} in {p}", "Räte der Hafenpartei verließen den Saal."),
            ),
        ),
    ),
    "ru": (
        Kind(
            _CYRILLIC,
            (
                ("Пожар уничтожил склад: {p}", "Пожарные тушили склад всю ночь, {p} в дыму."),
                ("{p}: склад сгорел дотла", "Начальник пожарных {n} назвал причиной насос."),
                ("Дым от пожара на складе накрыл {p}", "{n} просит жителей закрыть окна."),
                ("{n} благодарит пожарных после пожара: {p}", "Склад восстановлению не подлежит."),
                ("Взрыв прогремел на базе: {p}", "Взрыв на базе слышали за километры, {p}."),
                ("{p}: взрыв на базе, рабочие целы", "Сорок рабочих успели выйти, сообщил {n}."),
                (
                    "{p}: взрыв на базе вызвали газовые баллоны",
                    "Инспектор {n} нашёл неисправный вентиль.",
                ),
                (
                    "{p} перекрывает портовую дорогу после взрыва",
                    "{n} обещает открыть дорогу завтра.",
                ),
            ),
        ),
        Kind(
            _CYRILLIC_ELSEWHERE,
            (
                ("{n} избран мэром: {p}", "На выборах мэра {n} победил с большим отрывом."),
                ("Выборы мэра, {p}: побеждает {n}", "Прежний мэр признал поражение."),
                ("Новый мэр {n} обещает дешёвый трамвай: {p}", "Выборы прошли в воскресенье."),
                ("{p}: что значит победа мэра {n}", "Городская казна пуста после выборов."),
                (
                    "Совет выбрал главой {n}: {p}",
                    "Девять депутатов из пятнадцати поддержали {n}, {p}.",
                ),
                ("{n} получает цепь главы: {p}", "Депутаты совета голосовали тайно."),
                (
                    "{p}: {n} возглавил расколотый совет",
                    "Шесть депутатов покинули зал до голосования.",
                ),
                (
                    "Скандал при голосовании за {n}: {p}",
                    "Депутаты портовой партии покинули зал совета.",
                ),
            ),
        ),
    ),
    "el": (
        Kind(
            _GREEK,
            (
                ("Πυρκαγιά κατέστρεψε αποθήκη: {p}", "Όλη νύχτα πάλευαν με τη φωτιά, {p}."),
                ("{p}: στάχτη η αποθήκη", "Ο πύραρχος {n} μίλησε για βλάβη στην αποθήκη."),
                ("Καπνοί από την πυρκαγιά στην αποθήκη, {p}", "Κλειστά παράθυρα ζητά ο {n}."),
                ("{p}: ο {n} ευχαριστεί τους πυροσβέστες", "Η αποθήκη κάηκε στην πυρκαγιά."),
                ("Έκρηξη σε δεξαμενή, {p}", "Η έκρηξη ακούστηκε χιλιόμετρα μακριά, {p}."),
                (
                    "{p}: έκρηξη σε δεξαμενή, σώοι οι εργάτες",
                    "Σαράντα εργάτες πρόλαβαν να βγουν, είπε ο {n}.",
                ),
                (
                    "{p}: φιάλες αερίου πίσω από την έκρηξη",
                    "Ο επιθεωρητής {n} βρήκε βαλβίδα με διαρροή.",
                ),
                (
                    "Κλειστός ο δρόμος του λιμανιού μετά την έκρηξη, {p}",
                    "Αύριο ανοίγει, λέει ο {n}.",
                ),
            ),
        ),
        Kind(
            _GREEK_ELSEWHERE,
            (
                ("Δήμαρχος ο {n}: {p}", "Οι ψηφοφόροι εξέλεξαν δήμαρχο τον {n}, {p}."),
                ("Εκλογές, {p}: νικητής ο {n}", "Ο απερχόμενος δήμαρχος παραδέχθηκε την ήττα."),
                ("{p}: φθηνό τραμ υπόσχεται ο δήμαρχος {n}", "Οι εκλογές έγιναν την Κυριακή."),
                ("Τι σημαίνει η νίκη του δημάρχου {n}, {p}", "Άδειο το ταμείο μετά τις εκλογές."),
                ("Το συμβούλιο επέλεξε τον {n}, {p}", "Εννέα σύμβουλοι στήριξαν τον {n}, {p}."),
                ("{p}: στον {n} η αλυσίδα", "Μυστική η ψηφοφορία στο συμβούλιο, είπαν σύμβουλοι."),
                (
                    "Διχασμένο συμβούλιο παραλαμβάνει ο {n}, {p}",
                    "Έξι σύμβουλοι αποχώρησαν από την αίθουσα.",
                ),
                (
                    "{p}: αποχώρηση στην ψηφοφορία για τον {n}",
                    "Σύμβουλοι του λιμανιού άφησαν την αίθουσα.",
                ),
            ),
        ),
    ),
    "ar": (
        Kind(
            _ARABIC,
            (
                ("حريق يدمر مستودعا في {p}", "كافح رجال الإطفاء حريق {p} طوال الليل."),
                ("احتراق مستودع في {p}", "قال قائد الإطفاء {n} إن مضخة وراء حريق المستودع."),
                ("دخان حريق المستودع يغطي {p}", "طلب {n} من السكان إغلاق النوافذ."),
                ("{n} يشكر رجال الإطفاء بعد حريق {p}", "ضاع المستودع كله في الحريق."),
                ("انفجار في مخزن وقود في {p}", "سمع دوي انفجار {p} على بعد أميال."),
                (
                    "انفجار {p}: نجاة العمال",
                    "قال {n} إن أربعين عاملا خرجوا قبل انفجار مخزن الوقود.",
                ),
                ("أسطوانات غاز وراء انفجار {p}", "عثر المفتش {n} على صمام تالف في مخزن الوقود."),
                ("{p} تغلق طريق الميناء بعد انفجار الوقود", "توقع {n} فتح الطريق غدا."),
            ),
        ),
        Kind(
            _ARABIC_ELSEWHERE,
            (
                ("انتخاب {n} عمدة لمدينة {p}", "اختار الناخبون في {p} العمدة {n} بفارق كبير."),
                ("انتخابات {p}: فوز {n}", "أقر العمدة السابق بالهزيمة عند منتصف الليل."),
                ("العمدة {n} يعد {p} بترام رخيص", "جرت الانتخابات يوم الأحد."),
                ("ماذا يعني فوز العمدة {n} لمدينة {p}", "خزينة المدينة فارغة بعد الانتخابات."),
                ("مجلس {p} يختار {n} رئيسا", "أيد تسعة أعضاء في مجلس {p} ترشيح {n}."),
                ("{n} يتسلم رئاسة مجلس {p}", "كان تصويت أعضاء المجلس سريا."),
                ("{n} يقود مجلس {p} المنقسم", "انسحب ستة أعضاء من القاعة قبل التصويت."),
                ("انسحاب أعضاء من تصويت {n} في {p}", "ترك أعضاء حزب الميناء قاعة المجلس."),
            ),
        ),
    ),
    "ja": (
        Kind(
            _KANA,
            (
                ("{p}の倉庫が全焼", "{p}で倉庫の火災があり、消防隊が夜通し消火した。"),
                ("{p}で倉庫火災、煙が町を覆う", "消防署の{n}署長は窓を閉めるよう呼びかけた。"),
                ("倉庫火災の原因はポンプか、{p}", "{n}署長は倉庫のポンプの故障と話した。"),
                ("{n}署長、{p}の火災で消防隊をねぎらう", "倉庫は全焼し、再建は難しい。"),
                ("{p}の燃料基地で爆発", "{p}の爆発音は数キロ先まで響いた。"),
                ("{p}の燃料基地爆発、作業員は無事", "作業員四十人は避難したと{n}所長が話した。"),
                ("ガスボンベが原因か、{p}の基地爆発", "{n}検査官が弁の漏れを見つけた。"),
                ("{p}、爆発で港の道路を通行止め", "{n}所長は明日の再開を見込む。"),
            ),
        ),
        Kind(
            _KANA_ELSEWHERE,
            (
                ("{p}の町長に{n}氏が当選", "{p}の町長選挙で{n}氏が大差で勝った。"),
                ("{p}町長選、{n}氏が勝利", "現職の町長は敗北を認めた。"),
                ("{n}新町長、{p}の路面電車の値下げを約束", "町長選挙は日曜日に行われた。"),
                ("{n}氏の勝利が{p}にもたらすもの", "新しい町長を空の金庫が待つ。"),
                ("{p}議会、{n}氏を議長に選出", "{p}議会の九人が{n}氏を支持した。"),
                ("{n}氏が{p}議会の議長に就任", "議員の投票は無記名で行われた。"),
                ("分裂した{p}議会を率いる{n}議長", "投票前に議員六人が議場を退席した。"),
                ("{n}議長選出で退席騒ぎ、{p}議会", "港湾党の議員が議場を去った。"),
            ),
        ),
    ),
    "zh": (
        Kind(
            _HAN,
            (
                ("{p}仓库大火烧毁一切", "消防员整夜扑救{p}的仓库大火。"),
                ("{p}仓库起火，浓烟笼罩全城", "消防队长{n}请居民关窗。"),
                ("{p}大火起因或为水泵故障", "队长{n}说仓库的水泵老化。"),
                ("{n}感谢扑灭{p}大火的消防员", "仓库已经全部烧毁。"),
                ("{p}油库发生爆炸", "{p}油库的爆炸声传出数里。"),
                ("{p}油库爆炸，工人平安", "{n}说四十名工人及时撤离油库。"),
                ("煤气罐引发{p}油库爆炸", "检查员{n}发现阀门漏气。"),
                ("{p}因油库爆炸封闭港口道路", "{n}预计明天重新通车。"),
            ),
        ),
        Kind(
            _HAN_ELSEWHERE,
            (
                ("{n}当选{p}市长", "{p}选民以大比分选出{n}为市长。"),
                ("{p}市长选举：{n}获胜", "原市长午夜承认落败。"),
                ("新市长{n}承诺{p}电车降价", "市长选举于星期日举行。"),
                ("{n}获胜对{p}意味着什么", "新市长面对空虚的金库。"),
                ("{p}议会推举{n}为议长", "{p}九名议员支持{n}。"),
                ("{n}接任{p}议会议长", "议员以不记名方式投票。"),
                ("{n}接手分裂的{p}议会", "六名议员投票前离场抗议。"),
                ("{p}议会推举{n}时议员离场", "港口党的议员离开会场抗议。"),
            ),
        ),
    ),
    "th": (
        Kind(
            _THAI,
            (
                ("ไฟไหม้โกดังที่{p}วอดทั้งหลัง", "นักดับเพลิงสู้ไฟไหม้โกดังที่{p}ตลอดคืน"),
                ("โกดังที่{p}ไฟไหม้ ควันปกคลุมเมือง", "หัวหน้า{n}ขอให้ชาวบ้านปิดหน้าต่าง"),
                ("ปั๊มเสียอาจเป็นเหตุไฟไหม้โกดัง{p}", "หัวหน้า{n}กล่าวถึงปั๊มเก่าในโกดัง"),
                ("{n}ขอบคุณนักดับเพลิงหลังไฟไหม้ที่{p}", "โกดังเสียหายทั้งหมด"),
                ("คลังน้ำมันระเบิดที่{p}", "เสียงระเบิดที่{p}ดังไปหลายกิโลเมตร"),
                ("คลังน้ำมัน{p}ระเบิด คนงานปลอดภัย", "{n}เผยคนงานสี่สิบคนหนีออกจากคลังทัน"),
                ("ถังแก๊สเป็นต้นเหตุคลังน้ำมัน{p}ระเบิด", "ผู้ตรวจการ{n}พบวาล์วรั่ว"),
                ("{p}ปิดถนนท่าเรือหลังคลังน้ำมันระเบิด", "{n}คาดว่าจะเปิดถนนพรุ่งนี้"),
            ),
        ),
        Kind(
            _THAI_ELSEWHERE,
            (
                ("{n}ชนะเลือกตั้งนายกเทศมนตรี{p}", "ชาว{p}เลือก{n}เป็นนายกเทศมนตรี"),
                ("เลือกตั้ง{p} {n}คว้าชัยชนะ", "นายกเทศมนตรีคนเดิมยอมรับความพ่ายแพ้"),
                ("นายกเทศมนตรี{n}สัญญาลดค่ารถราง{p}", "การเลือกตั้งมีขึ้นวันอาทิตย์"),
                ("ชัยชนะของ{n}มีความหมายต่อ{p}อย่างไร", "นายกเทศมนตรีคนใหม่พบคลังว่างเปล่า"),
                ("สภา{p}เลือก{n}เป็นประธาน", "สมาชิกสภา{p}เก้าคนสนับสนุน{n}"),
                ("{n}รับตำแหน่งประธานสภา{p}", "สมาชิกสภาลงคะแนนลับ"),
                ("{n}นำสภา{p}ที่แตกแยก", "สมาชิกหกคนเดินออกจากสภาก่อนลงคะแนน"),
                ("สมาชิกเดินออกระหว่างเลือก{n}ในสภา{p}", "สมาชิกพรรคท่าเรือออกจากห้องประชุมสภา"),
            ),
        ),
    ),
}


def articles() -> Iterator[Labelled]:
    """All articles in order of arrival: by time, with the back-fills at the end."""
    for place in sorted(range(len(DAYS)), key=lambda n: (n == len(DAYS) - 1, DAYS[n])):
        for outlet in range(REPORTS_PER_EVENT):
            for language, kinds in KINDS.items():
                for number, kind in enumerate(kinds):
                    yield _article(language, number, kind, place, outlet)


def _article(language: str, number: int, kind: Kind, place: int, outlet: int) -> Labelled:
    town, speaker = kind.places[place]
    report = kind.reports[outlet + REPORTS_PER_EVENT * (place == 1)]
    title, excerpt = (text.format(p=town, n=speaker) for text in report)
    story = f"{language}-{number}-{place}"
    at_s = DAYS[place] * DAY_S + outlet * 5 * HOUR_S + number * HOUR_S
    name = f"outlet{outlet}.example/{story}"
    return Labelled(event(name, title, at_s, excerpt=excerpt, locale=language), story)
