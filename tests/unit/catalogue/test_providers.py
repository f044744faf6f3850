"""The publishers of URLs by the bundled catalogue, without a crawler's hint.

The URLs have the forms that crawlers send. Their paths are invented, their sites are real.
"""
# ruff: noqa: E501 - one row a line

from base64 import urlsafe_b64encode

import pytest

from newsloom.adapters.catalogue.files import load_catalogue
from newsloom.rules.addresses.urls import url_fault
from newsloom.rules.provider import Resolution, resolve_provider

CATALOGUE = load_catalogue()
Row = tuple[str, str, str, str]


def _google_news(url: str) -> str:
    """A URL of Google News in its older form, which contains the publisher's URL."""
    message = b"\x08\x13\x22" + bytes([len(url)]) + url.encode() + b"\xd2\x01\x00"
    return "https://news.google.com/rss/articles/" + urlsafe_b64encode(message).decode().rstrip("=")


# The reason, the URL, the name and the domain of the publisher.
PLAIN: list[Row] = [
    # The outlets of a real record, one page each.
    ("a daily of the whole country", "https://www.usatoday.com/story/tech/2026/03/02/ferry/123/", "USA Today", "usatoday.com"),
    ("an online paper", "https://theintercept.com/2026/03/02/ferry/", "The Intercept", "theintercept.com"),
    ("a city's own host", "https://chicago.suntimes.com/2026/3/2/123/ferry", "Chicago Sun-Times", "suntimes.com"),
    ("the AMP path of that host", "https://chicago.suntimes.com/platform/amp/2026/3/2/123/ferry", "Chicago Sun-Times", "suntimes.com"),
    ("an apostrophe in the name", "https://www.tomsguide.com/news/ferry", "Tom's Guide", "tomsguide.com"),
    ("a local daily", "https://www.dailycamera.com/2026/03/02/editorial-ferry/", "Daily Camera", "dailycamera.com"),
    ("a local channel", "https://www.cp24.com/news/ferry-1.4829135", "CP24", "cp24.com"),
    ("the same on a host for trials", "https://beta.cp24.com/news/2026/3/2/1_4829135.html", "CP24", "cp24.com"),
    ("a city below a channel", "https://toronto.ctvnews.ca/ferry-1.4822198", "CTV News", "ctvnews.ca"),
    ("a name that is the domain", "https://thecrimereport.org/2026/03/02/ferry/", "thecrimereport.org", "thecrimereport.org"),
    ("a trade magazine", "https://www.governing.com/security/Ferry.html", "Governing", "governing.com"),
    ("a weekly of the capital", "https://www.washingtonexaminer.com/news/ferry", "Washington Examiner", "washingtonexaminer.com"),
    ("two letters", "https://www.rt.com/news/481441-ferry/", "RT", "rt.com"),
    ("a portal of a trade", "https://www.tmcnet.com/usubmit/-ferry-/2026/03/02/1.htm", "TMCnet", "tmcnet.com"),
    ("a query to the path", "https://www.mediapost.com/publications/article/346692/ferry.html?edition=117", "MediaPost", "mediapost.com"),
    # Hosts.
    ("no www", "https://theguardian.com/world/2026/mar/02/ferry", "The Guardian", "theguardian.com"),
    ("capitals", "HTTPS://WWW.TheGuardian.COM/world/ferry", "The Guardian", "theguardian.com"),
    ("a port", "https://www.theguardian.com:443/world/ferry", "The Guardian", "theguardian.com"),
    ("userinfo", "https://reader:pw@www.theguardian.com/world/ferry", "The Guardian", "theguardian.com"),
    ("userinfo that looks like a host", "https://www.bbc.co.uk@www.theguardian.com/world/ferry", "The Guardian", "theguardian.com"),
    ("a dot behind the host", "https://www.theguardian.com./world/ferry", "The Guardian", "theguardian.com"),
    ("plain http", "http://www.theguardian.com/world/ferry", "The Guardian", "theguardian.com"),
    ("a host for AMP", "https://amp.theguardian.com/world/ferry", "The Guardian", "theguardian.com"),
    ("a host for telephones", "https://m.dw.com/en/ferry/a-1", "Deutsche Welle", "dw.com"),
    ("another outlet in the path", "https://www.theguardian.com/media/www.bbc.co.uk", "The Guardian", "theguardian.com"),
    ("another outlet in the query", "https://www.theguardian.com/world/ferry?ref=https://www.bbc.co.uk/news", "The Guardian", "theguardian.com"),
    ("another outlet in the fragment", "https://www.theguardian.com/world/ferry#https://bbc.co.uk", "The Guardian", "theguardian.com"),
    ("a name with the same ending", "https://www.nottheguardian.com/ferry", "nottheguardian.com", "nottheguardian.com"),
    ("a name with the same beginning", "https://www.theguardian.com.tide.example/ferry", "tide.example", "tide.example"),
    ("a host's own name", "https://news.sky.com/story/ferry-1", "Sky News", "sky.com"),
    ("its neighbour without one", "https://www.sky.com/watch", "Sky", "sky.com"),
    ("a programme's site of a company", "https://abcnews.go.com/US/ferry/story?id=1", "ABC News", "go.com"),
    ("the company itself", "https://www.go.com/", "GO.com", "go.com"),
    ("a paper below its publisher", "https://timesofindia.indiatimes.com/city/ferry/1.cms", "The Times of India", "indiatimes.com"),
    ("another below the same", "https://economictimes.indiatimes.com/news/ferry/1.cms", "The Economic Times", "indiatimes.com"),
    ("in another script below the same", "https://navbharattimes.indiatimes.com/ferry/1.cms", "नवभारत टाइम्स", "indiatimes.com"),
    ("a newsroom below a broadcaster", "https://g1.globo.com/sp/noticia/ferry.ghtml", "g1", "globo.com"),
    ("a paper below a broadcaster", "https://oglobo.globo.com/brasil/ferry-1", "O Globo", "globo.com"),
    ("a paper below a portal", "https://www1.folha.uol.com.br/cotidiano/ferry.shtml", "Folha de S.Paulo", "uol.com.br"),
    ("an edition in another language", "https://english.elpais.com/ferry.html", "El País in English", "elpais.com"),
    ("the main edition", "https://elpais.com/internacional/ferry.html", "El País", "elpais.com"),
    ("a business daily below a daily", "https://cincodias.elpais.com/ferry.html", "Cinco Días", "elpais.com"),
    ("an edition for other countries", "https://asia.nikkei.com/Business/Ferry", "Nikkei Asia", "nikkei.com"),
    ("its edition at home", "https://www.nikkei.com/article/DGXZ1/", "日本経済新聞", "nikkei.com"),
    ("an English service", "https://en.yna.co.kr/view/AEN1", "Yonhap News Agency", "yna.co.kr"),
    ("in Korean", "https://www.yna.co.kr/view/AKR1", "연합뉴스", "yna.co.kr"),
    ("a service in English of a daily", "https://japannews.yomiuri.co.jp/society/ferry/", "The Japan News", "yomiuri.co.jp"),
    ("an agency below a company", "https://agenciabrasil.ebc.com.br/geral/ferry", "Agência Brasil", "ebc.com.br"),
    ("a channel in another language", "https://cnnespanol.cnn.com/2026/03/02/ferry/", "CNN en Español", "cnn.com"),
    ("an edition's host", "https://edition.cnn.com/2026/03/02/ferry/index.html", "CNN", "cnn.com"),
    ("a service of an organisation", "https://news.un.org/en/story/2026/03/1", "UN News", "un.org"),
    ("a paper below a bigger one", "https://today.lorientlejour.com/article/1/ferry.html", "L'Orient Today", "lorientlejour.com"),
    # Suffixes of several labels.
    ("co.uk", "https://www.bbc.co.uk/news/uk-1", "BBC", "bbc.co.uk"),
    ("a host below co.uk", "http://news.bbc.co.uk/1/hi/1.stm", "BBC", "bbc.co.uk"),
    ("the same outlet elsewhere", "https://www.bbc.com/news/articles/c1", "BBC", "bbc.com"),
    ("a neighbour below co.uk", "https://www.notbbc.co.uk/1", "notbbc.co.uk", "notbbc.co.uk"),
    ("com.au", "https://www.smh.com.au/national/ferry-1.html", "The Sydney Morning Herald", "smh.com.au"),
    ("net.au", "https://www.abc.net.au/news/2026-03-02/ferry/1", "ABC News", "abc.net.au"),
    ("co.nz", "https://www.nzherald.co.nz/nz/ferry/1/", "The New Zealand Herald", "nzherald.co.nz"),
    ("com.br", "https://www.estadao.com.br/brasil/ferry/", "Estadão", "estadao.com.br"),
    ("com.tr", "https://www.hurriyet.com.tr/gundem/ferry-1", "Hürriyet", "hurriyet.com.tr"),
    ("com.ar", "https://www.lanacion.com.ar/sociedad/ferry-nid1/", "La Nación", "lanacion.com.ar"),
    ("com.mx", "https://www.eluniversal.com.mx/nacion/ferry/", "El Universal", "eluniversal.com.mx"),
    ("co.jp", "https://www.yomiuri.co.jp/national/20260302-1/", "読売新聞", "yomiuri.co.jp"),
    ("or.jp", "https://www3.nhk.or.jp/news/html/20260302/k1.html", "NHK", "nhk.or.jp"),
    ("co.kr", "https://www.hani.co.kr/arti/1.html", "한겨레", "hani.co.kr"),
    ("co.za", "https://www.dailymaverick.co.za/article/2026-03-02-ferry/", "Daily Maverick", "dailymaverick.co.za"),
    ("co.il", "https://www.ynet.co.il/news/article/1", "ynet", "ynet.co.il"),
    ("com.ua", "https://www.pravda.com.ua/news/2026/03/2/1/", "Українська правда", "pravda.com.ua"),
    ("org.eg", "https://gate.ahram.org.eg/News/1.aspx", "الأهرام", "ahram.org.eg"),
    ("com.cn", "https://www.chinadaily.com.cn/a/202603/02/1.html", "China Daily", "chinadaily.com.cn"),
    ("com.sg", "https://www.zaobao.com.sg/news/story1", "联合早报", "zaobao.com.sg"),
    ("gov.sa", "https://www.spa.gov.sa/N1", "واس", "spa.gov.sa"),
    ("com.bo", "https://eldeber.com.bo/pais/ferry_1", "El Deber", "eldeber.com.bo"),
    ("a suffix alone", "https://www.co.uk/ferry", "www.co.uk", "www.co.uk"),
    ("a city's suffix", "https://news.city.kobe.jp/ferry", "city.kobe.jp", "city.kobe.jp"),
    # Countries and kinds.
    ("an agency", "https://www.reuters.com/world/ferry-2026-03-02/", "Reuters", "reuters.com"),
    ("another", "https://apnews.com/article/ferry-1", "Associated Press", "apnews.com"),
    ("of France", "https://www.afp.com/fr/infos/ferry", "Agence France-Presse", "afp.com"),
    ("of Turkey", "https://www.aa.com.tr/en/world/ferry/1", "Anadolu Ajansı", "aa.com.tr"),
    ("a magazine", "https://www.spiegel.de/panorama/ferry-a-1", "DER SPIEGEL", "spiegel.de"),
    ("a broadcaster", "https://www.nrk.no/vestland/ferje-1.1", "NRK", "nrk.no"),
    ("a blog", "https://krebsonsecurity.com/2026/03/ferry/", "Krebs on Security", "krebsonsecurity.com"),
    ("Austria", "https://www.derstandard.at/story/1/faehre", "DER STANDARD", "derstandard.at"),
    ("Belgium", "https://www.lesoir.be/1/article/2026-03-02/ferry", "Le Soir", "lesoir.be"),
    ("Czechia", "https://ct24.ceskatelevize.cz/clanek/1", "ČT24", "ceskatelevize.cz"),
    ("Denmark", "https://politiken.dk/indland/art1/faerge", "Politiken", "politiken.dk"),
    ("Egypt, in English", "https://english.ahram.org.eg/News/1.aspx", "Ahram Online", "ahram.org.eg"),
    ("Estonia, in English", "https://news.err.ee/1/ferry", "ERR News", "err.ee"),
    ("Finland", "https://www.hs.fi/kotimaa/art-1.html", "Helsingin Sanomat", "hs.fi"),
    ("Ghana", "https://www.graphic.com.gh/news/ferry.html", "Graphic Online", "graphic.com.gh"),
    ("Greece", "https://www.kathimerini.gr/society/1/ferry/", "Η Καθημερινή", "kathimerini.gr"),
    ("Hong Kong", "https://www.scmp.com/news/article/1/ferry", "South China Morning Post", "scmp.com"),
    ("Hungary", "https://telex.hu/belfold/2026/03/02/komp", "Telex", "telex.hu"),
    ("Iceland", "https://www.ruv.is/frettir/ferja-1", "RÚV", "ruv.is"),
    ("Indonesia", "https://news.detik.com/berita/d-1/feri", "detikNews", "detik.com"),
    ("Italy", "https://www.repubblica.it/cronaca/2026/03/02/news/ferry-1/", "la Repubblica", "repubblica.it"),
    ("Jamaica", "https://jamaica-gleaner.com/article/news/20260302/ferry", "The Gleaner", "jamaica-gleaner.com"),
    ("Kenya", "https://nation.africa/kenya/news/ferry-1", "Nation", "nation.africa"),
    ("Malaysia", "https://www.thestar.com.my/news/nation/2026/03/02/ferry", "The Star (Malaysia)", "thestar.com.my"),
    ("Canada's Star", "https://www.thestar.com/news/ferry_1.html", "Toronto Star", "thestar.com"),
    ("Morocco, in French", "https://fr.hespress.com/1-ferry.html", "Hespress Français", "hespress.com"),
    ("Nepal", "https://kathmandupost.com/national/2026/03/02/ferry", "The Kathmandu Post", "kathmandupost.com"),
    ("Nigeria", "https://punchng.com/ferry/", "Punch", "punchng.com"),
    ("Pakistan", "https://www.dawn.com/news/1/ferry", "Dawn", "dawn.com"),
    ("Peru", "https://elcomercio.pe/peru/ferry-noticia/", "El Comercio (Perú)", "elcomercio.pe"),
    ("Poland", "https://wyborcza.pl/7,75398,1,prom.html", "Gazeta Wyborcza", "wyborcza.pl"),
    ("Portugal", "https://www.publico.pt/2026/03/02/ferry-1", "Público", "publico.pt"),
    ("Spain's of that name", "https://www.publico.es/ferry.html", "Público (España)", "publico.es"),
    ("Russia", "https://www.kommersant.ru/doc/1", "Коммерсантъ", "kommersant.ru"),
    ("Singapore", "https://www.channelnewsasia.com/singapore/ferry-1", "CNA", "channelnewsasia.com"),
    ("Switzerland", "https://www.nzz.ch/panorama/faehre-ld.1", "Neue Zürcher Zeitung", "nzz.ch"),
    ("Thailand", "https://www.thairath.co.th/news/local/1", "ไทยรัฐ", "thairath.co.th"),
    ("Vietnam, in English", "https://e.vnexpress.net/news/ferry-1.html", "VnExpress International", "vnexpress.net"),
    # Platforms: the account is the publisher.
    ("an account on Substack", "https://tidewatch.substack.com/p/ferry", "tidewatch.substack.com", "tidewatch.substack.com"),
    ("Substack's reader", "https://open.substack.com/pub/tidewatch/p/ferry?r=1", "tidewatch.substack.com", "tidewatch.substack.com"),
    ("an account's page on Substack", "https://substack.com/@tidewatch/note/c-1", "tidewatch.substack.com", "tidewatch.substack.com"),
    ("Substack itself", "https://substack.com/about", "substack.com", "substack.com"),
    ("an account in Medium's path", "https://medium.com/@tidewatch/ferry-1a2b", "tidewatch.medium.com", "tidewatch.medium.com"),
    ("dots in its name", "https://medium.com/@Tide.Watch/ferry-1a2b", "tide-watch.medium.com", "tide-watch.medium.com"),
    ("the same on its own host", "https://tide-watch.medium.com/ferry-1a2b", "tide-watch.medium.com", "tide-watch.medium.com"),
    ("Medium itself", "https://medium.com/tag/ferries", "medium.com", "medium.com"),
    ("an account on Blogger", "https://tidewatch.blogspot.com/2026/03/ferry.html", "tidewatch.blogspot.com", "tidewatch.blogspot.com"),
    ("a host below an account", "https://www.tidewatch.blogspot.com/ferry", "tidewatch.blogspot.com", "tidewatch.blogspot.com"),
    ("an account on WordPress", "https://tidewatch.wordpress.com/2026/03/02/ferry/", "tidewatch.wordpress.com", "tidewatch.wordpress.com"),
    ("an account on GitHub", "https://tidewatch.github.io/ferry", "tidewatch.github.io", "tidewatch.github.io"),
    ("an account on Tumblr", "https://tidewatch.tumblr.com/post/1", "tidewatch.tumblr.com", "tidewatch.tumblr.com"),
    ("an account on Ghost", "https://tidewatch.ghost.io/ferry/", "tidewatch.ghost.io", "tidewatch.ghost.io"),
    ("an account on Beehiiv", "https://tidewatch.beehiiv.com/p/ferry", "tidewatch.beehiiv.com", "tidewatch.beehiiv.com"),
    # International names, IP addresses, unknown sites.
    ("a domain beyond ASCII", "https://www.bücherwurm.example/1", "xn--bcherwurm-q9a.example", "xn--bcherwurm-q9a.example"),
    ("the same in punycode", "https://www.xn--bcherwurm-q9a.example/1", "xn--bcherwurm-q9a.example", "xn--bcherwurm-q9a.example"),
    ("a top-level domain beyond ASCII", "https://www.новости.рф/1", "xn--b1amnebsh.xn--p1ai", "xn--b1amnebsh.xn--p1ai"),
    ("full-width letters of a known host", "https://ｗｗｗ.ｌｅｍｏｎｄｅ.ｆｒ/article/1", "Le Monde", "lemonde.fr"),
    ("a look-alike letter", "https://www.lеmonde.fr/1", "xn--lmonde-3of.fr", "xn--lmonde-3of.fr"),
    ("an IPv4 address", "http://192.0.2.7/ferry", "192.0.2.7", "192.0.2.7"),
    ("an IPv4 address with a port", "http://192.0.2.7:8080/ferry", "192.0.2.7", "192.0.2.7"),
    ("an IPv6 address", "http://[2001:db8::7]/ferry", "2001:db8::7", "2001:db8::7"),
    ("a single label", "http://localhost/ferry", "localhost", "localhost"),
    ("an unknown site", "https://news.tide.example/ferry", "tide.example", "tide.example"),
    # AMP caches and viewers.
    ("the AMP cache", "https://www-theguardian-com.cdn.ampproject.org/c/s/www.theguardian.com/world/ferry", "The Guardian", "theguardian.com"),
    ("of a page by http", "https://www-bbc-co-uk.cdn.ampproject.org/c/www.bbc.co.uk/news/1.amp", "BBC", "bbc.co.uk"),
    ("of a host with a name", "https://news-sky-com.cdn.ampproject.org/c/s/news.sky.com/story/amp/1", "Sky News", "sky.com"),
    ("its viewer", "https://www-cp24-com.cdn.ampproject.org/v/s/beta.cp24.com/news/1.html?amp_js_v=0.1", "CP24", "cp24.com"),
    ("its hashed form", "https://rhu6sjs7ilyxvwvmcr5bt6o2fgh6iqz4pqqgxhbz5fe2bd4tbl3a.cdn.ampproject.org/c/s/www.lemonde.fr/article/1", "Le Monde", "lemonde.fr"),
    ("its older form", "https://cdn.ampproject.org/c/s/www.reuters.com/article/amp/id1", "Reuters", "reuters.com"),
    ("of an unknown site", "https://tide-example.cdn.ampproject.org/c/s/tide.example/ferry", "tide.example", "tide.example"),
    ("of an account", "https://x.cdn.ampproject.org/c/s/medium.com/@tidewatch/1", "tidewatch.medium.com", "tidewatch.medium.com"),
    ("an image of it", "https://x.cdn.ampproject.org/i/s/www.reuters.com/logo.png", "ampproject.org", "ampproject.org"),
    ("a host with the same ending", "https://evilcdn.ampproject.org.tide.example/c/s/www.reuters.com/1", "tide.example", "tide.example"),
    ("Bing's AMP cache", "https://www-dw-com.bing-amp.com/c/s/www.dw.com/en/ferry/a-1", "Deutsche Welle", "dw.com"),
    ("Google's AMP viewer", "https://www.google.com/amp/s/www.bbc.co.uk/news/amp/uk-1", "BBC", "bbc.co.uk"),
    ("the same elsewhere", "https://www.google.co.uk/amp/s/amp.cnn.com/cnn/2026/03/02/ferry", "CNN", "cnn.com"),
    # Redirects of aggregators.
    ("a link of Google's", "https://www.google.com/url?rct=j&sa=t&url=https://www.lemonde.fr/article/1&ct=ga", "Le Monde", "lemonde.fr"),
    ("the same by its other name", "https://www.google.com/url?q=https%3A%2F%2Fwww.lemonde.fr%2F1&sa=D", "Le Monde", "lemonde.fr"),
    ("a link of Google's elsewhere", "https://www.google.co.uk/url?q=https://www.lemonde.fr/1&sa=U", "Le Monde", "lemonde.fr"),
    ("a parameter on a platform", "https://medium.com/@tidewatch/1?url=https://www.lemonde.fr/1", "tidewatch.medium.com", "tidewatch.medium.com"),
    ("Google News in its older form", _google_news("https://www.theguardian.com/world/ferry"), "The Guardian", "theguardian.com"),
    ("an unknown site in that form", _google_news("https://www.tide.example/ferry"), "tide.example", "tide.example"),
    ("Google News in its present form", "https://news.google.com/rss/articles/CBMiakFVX3lxTE5fQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo?oc=5", "Google News", "google.com"),
    ("Bing News", "https://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&url=https%3a%2f%2fwww.dw.com%2fen%2fferry%2fa-1&c=1", "Deutsche Welle", "dw.com"),
    ("Yahoo's search", "https://r.search.yahoo.com/_ylt=A;_ylu=B/RV=2/RE=1/RO=10/RU=https%3a%2f%2fwww.npr.org%2fferry/RK=2/RS=c-", "NPR", "npr.org"),
    ("Facebook's link", "https://l.facebook.com/l.php?u=https%3A%2F%2Fapnews.com%2Farticle%2F1&h=AT0", "Associated Press", "apnews.com"),
    ("MSN, with a title that names no outlet", "https://www.msn.com/en-us/news/world/ferry/ar-AA1", "MSN", "msn.com"),
    ("Yahoo, with a title that names no outlet", "https://www.yahoo.com/news/ferry-123.html", "Yahoo", "yahoo.com"),
    ("Yahoo's own desk", "https://finance.yahoo.com/news/ferry-123.html", "Yahoo Finance", "yahoo.com"),
    ("a press release", "https://www.prnewswire.com/news-releases/ferry-301.html", "PR Newswire", "prnewswire.com"),
]  # fmt: skip

# The reason, the URL, the title, the name and the domain of the publisher.
TITLED: list[tuple[str, str, str, str, str]] = [
    ("Google News", "https://news.google.com/articles/CBMiAA", "Ferry runs aground off Skarra - The New York Times", "The New York Times", "nytimes.com"),
    ("Google News, by a domain", "https://news.google.com/articles/CBMiAA", "Ferry runs aground - Reuters.com", "Reuters", "reuters.com"),
    ("Google News, another name", "https://news.google.com/articles/CBMiAA", "Ferry runs aground - AP News", "Associated Press", "apnews.com"),
    ("Google News, a host's name", "https://news.google.com/articles/CBMiAA", "Ferry runs aground - Sky News", "Sky News", "sky.com"),
    ("Google News, a common word", "https://news.google.com/articles/CBMiAA", "Ferries and the tide - Nature", "Nature", "nature.com"),
    ("Google News, in Japanese", "https://news.google.com/articles/CBMiAA", "離島へのフェリーが欠航 - 朝日新聞", "朝日新聞", "asahi.com"),
    ("Google News, in Arabic", "https://news.google.com/articles/CBMiAA", "جنوح عبّارة - الجزيرة نت", "الجزيرة نت", "aljazeera.net"),
    ("Google News, a name with a dash", "https://news.google.com/articles/CBMiAA", "Un ferry échoué - Ouest-France", "Ouest-France", "ouest-france.fr"),
    ("Google News, a name of two outlets", "https://news.google.com/articles/CBMiAA", "Ferry runs aground - ABC News", "Google News", "google.com"),
    ("Google News, an unknown outlet", "https://news.google.com/articles/CBMiAA", "Ferry runs aground - Skarra Parish Pump", "Google News", "google.com"),
    ("Google News, itself", "https://news.google.com/articles/CBMiAA", "Ferries - Google News", "Google News", "google.com"),
    ("MSN", "https://www.msn.com/en-gb/news/ar-AA1", "Ferry runs aground | The Independent", "The Independent", "independent.co.uk"),
    ("Yahoo", "https://news.yahoo.com/ferry-1.html", "Ferry runs aground – Miami Herald", "Miami Herald", "miamiherald.com"),
    ("Yahoo, accents left out", "https://es.noticias.yahoo.com/ferry-1.html", "Encalla un ferry | El Pais", "El País", "elpais.com"),
    ("an AMP cache that hides its page", "https://x.cdn.ampproject.org/i/1", "Ferry runs aground - The Straits Times", "The Straits Times", "straitstimes.com"),
    ("an unknown site that carries an outlet", "https://reader.tide.example/1", "Ferry runs aground | The Guardian", "The Guardian", "theguardian.com"),
    ("the same, a name of one uncommon word", "https://reader.tide.example/1", "Ferry runs aground - Reuters", "Reuters", "reuters.com"),
    ("an unknown site's section", "https://reader.tide.example/1", "Ferries and the tide | Science", "tide.example", "tide.example"),
    ("an unknown site's last word", "https://reader.tide.example/1", "It was about time - people", "tide.example", "tide.example"),
    ("a hyphen that separates no outlet", "https://reader.tide.example/1", "A ferry of non-Reuters", "tide.example", "tide.example"),
    ("a known site quotes another", "https://www.dw.com/en/a-1", "Ferry runs aground - Reuters", "Deutsche Welle", "dw.com"),
    ("an account on a platform", "https://tidewatch.substack.com/p/1", "Why I left | The New York Times", "tidewatch.substack.com", "tidewatch.substack.com"),
]  # fmt: skip


def _resolve(url: str, title: str) -> Resolution:
    assert url_fault(url) is None
    return resolve_provider(url, title, CATALOGUE.outlets, CATALOGUE.names)


@pytest.mark.parametrize(("reason", "url", "name", "domain"), PLAIN, ids=[row[0] for row in PLAIN])
def test_the_publisher_of_a_url(reason: str, url: str, name: str, domain: str) -> None:
    outlet = _resolve(url, "Ferry runs aground off Skarra").outlet
    assert (outlet.name, outlet.domain) == (name, domain), reason


@pytest.mark.parametrize(
    ("reason", "url", "title", "name", "domain"), TITLED, ids=[row[0] for row in TITLED]
)
def test_the_publisher_by_the_end_of_the_title(
    reason: str, url: str, title: str, name: str, domain: str
) -> None:
    outlet = _resolve(url, title).outlet
    assert (outlet.name, outlet.domain) == (name, domain), reason


def test_the_tables_have_unique_reasons_and_enough_rows() -> None:
    reasons = [row[0] for row in (*PLAIN, *TITLED)]
    assert len(reasons) == len(set(reasons))
    assert len(reasons) >= 150
