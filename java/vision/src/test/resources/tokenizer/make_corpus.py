"""Writes corpus.json.gz: strings of many kinds, and the ids that CLIP's tokenizer gives them.

The algorithm is OpenAI's, said in the words of the libraries it uses: pip install ftfy==6.3.1 regex.
"""

import argparse
import gzip
import html
import json
import pathlib
import random
import unicodedata

import ftfy
import regex

HERE = pathlib.Path(__file__).parent
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)
ENCODINGS = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253",
             "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437"]
GOOD = ["good", "upper", "title"]
SENTENCES = """All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience — “act” in a spirit of brotherhood…
Tous les êtres humains naissent libres et égaux en dignité et en droits. Où est l’été? À la plage, cœur brûlé, ça va, garçon, naïve, Noël.
Alle Menschen sind frei und gleich an Würde und Rechten geboren. „Größe“ heißt Übermut; Äpfel, Öl, müßig, süß, Straße.
Todos los seres humanos nacen libres e iguales en dignidad y derechos. ¿Dónde está el niño? ¡Mañana! El corazón, pingüino, Ángel, Ñandú.
Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Não há maçã à venda; àquela irmã, coração, São João, ÀS VEZES.
Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Perché no? Più città, così è, È vero, caffè, università.
Alle mennesker er født frie og like i verdighet og rettigheter. Blåbærsyltetøy på Ørland, Ærø, Århus, smørbrød.
Alla människor är födda fria och lika i värde och rättigheter. Räksmörgås på Åland, Ökat, älg, Göteborg.
Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Hyvää yötä, Jyväskylä, Äiti, pöllö.
Hver maður er borinn frjáls og jafn öðrum að virðingu og réttindum. Þórður, Ísland, æðarfugl, Ðunga, ýmis.
Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Żółć, gęślą jaźń, Łódź, ćwierć, święto.
Všichni lidé rodí se svobodní a sobě rovní co do důstojnosti a práv. Příliš žluťoučký kůň úpěl ďábelské ódy. Úžasný, Čeština, Řeka.
Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Árvíztűrő tükörfúrógép, Őrült, Űr, Élet.
Toate ființele umane se nasc libere și egale în demnitate și în drepturi. Ștefan, țară, București, mâine, Întâi, câine, sănătate.
Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. İstanbul’da güneş, Şişli, çiğ köfte, ığdır, doğru.
Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Ąžuolas, Šiauliai, ėjo, įdomu, žvaigždė, Čia, ūkis.
Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās. Rīga, Ķekava, ģimene, ļoti, ņem, šķiņķis, Ūdens.
Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt. Šokolaad, žürii, Õun, jäääär, Ülo.
Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima. Čovjek, Šibenik, žaba, đak, ćevapi, Đorđe.
Все люди рождаются свободными и равными в своём достоинстве и правах. «СССР», Ёлка, подъезд, мир — США… Привет!
Всі люди народжуються вільними і рівними у своїй гідності та правах. Їжак, Київ, Євген, ґанок, п’ять, Рівне.
Всички хора се раждат свободни и равни по достойнство и права. Ще дойда, България, ръка, Ъгъл, съм.
Сва људска бића рађају се слободна и једнака у достојанству и правима. Љубав, Њива, Ђорђе, ћирилица, Џеп, Београд.
Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Αθήνα, Ώρα, «ναι», ΐδιο, Ελλάδα.
Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Việt Nam, Đà Nẵng, phở bò, Ấn Độ, Ôi.
人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心。北京、上海！
すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。東京タワーの写真です。
모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 서울, 한국어, 고양이!
يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. صورة قطة، مرحبا؟
כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם. שלום, ירושלים.
सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। नमस्ते भारत
มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ภาพแมว สวัสดี
எல்லா மனிதப் பிறவிகளும் சுதந்திரமாகவே பிறக்கின்றன. வணக்கம் தமிழ்
ყველა ადამიანი იბადება თავისუფალი და თანასწორი. საქართველო თბილისი
I love 🐱 and 🍕!! 🚀🚀 ❤️ 👨‍👩‍👧 🇩🇪 ☀ ✓ naïve café résumé “quote” ‘single’ – en — em … €5 £3 ©2020 ™ ® °C ½ ¼ × ÷ ± µm ² ³ § ¶ • † ‡ ‰
CAFÉ™ NESTLÉ® CRÈME BRÛLÉE “É” Ü– L’ÉTÉ… «À» AMANHÃ” MAÇÃ… fiancé…” RENÉ’S 5°C M² ÇA VA? À l’École «É…» ÜBER! IKEA MARKÖR™ „ÄÖÜ“ ENTRÉE—FÖHN
He said “no” – and that’s it… — «ya» ‹x› ½ cup, 20°C, £5, 5€, ©, 100 µm, x², √π ≤ 3, ∞ → ← ≈ 1 ± 2, ∑∫ (-1/2)! = √π ¯\\_(ツ)_/¯ (ಠ_ಠ) `¬´ ├┤a┼┐ ♥ ♪ № 5""".split("\n")


class Tokenizer:
    def __init__(self, path):
        printing = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174]
        others = [b for b in range(256) if b not in printing]
        self.characters = {b: chr(b) for b in printing} | {b: chr(256 + i) for i, b in enumerate(others)}
        merges = [tuple(line.split()) for line in gzip.open(path, "rt", encoding="utf-8").read().split("\n")[1:48895]]
        tokens = list(self.characters.values())
        tokens += [c + "</w>" for c in tokens] + [a + b for a, b in merges] + [START, END]
        self.ids = {token: i for i, token in enumerate(tokens)}
        self.ranks = {merge: i for i, merge in enumerate(merges)}
        self.known = {mark: [self.ids[mark]] for mark in (START, END)}

    def word(self, word):
        if word not in self.known:
            parts = [self.characters[b] for b in word.encode()]
            parts[-1] += "</w>"
            while len(parts) > 1:
                best = min(zip(parts, parts[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
                if best not in self.ranks:
                    break
                merged, i = [], 0
                while i < len(parts):
                    pair = tuple(parts[i:i + 2]) == best
                    merged.append("".join(parts[i:i + 2]) if pair else parts[i])
                    i += 2 if pair else 1
                parts = merged
            self.known[word] = [self.ids[part] for part in parts]
        return self.known[word]

    def encode(self, text, good):
        # ftfy takes some good text for garbled ("AMANHÃ”"); what is expected of good text is that it stays.
        text = html.unescape(html.unescape(ftfy.fix_text(text, fix_encoding=not good))).strip()
        text = regex.sub(r"\s+", " ", text).strip().lower()
        return [self.ids[START]] + [i for word in WORDS.findall(text) for i in self.word(word)] + [self.ids[END]]


def garbled(text, encoding):
    try:
        return text.encode().decode(encoding)
    except UnicodeError:
        return None


def corpus(rng):
    pieces = []
    for sentence in SENTENCES:
        words = sentence.split(" ")
        pieces.append(sentence)
        for count in (1, 2, 3, 5):
            for _ in range(4):
                begin = rng.randrange(max(1, len(words) - count + 1))
                pieces.append(" ".join(words[begin:begin + count]))
        for _ in range(3):
            begin = rng.randrange(len(sentence))
            pieces.append(sentence[begin:begin + rng.randint(2, 9)])
    pieces = list(dict.fromkeys(pieces))
    accented = [piece for piece in pieces if not piece.isascii()]
    kinds = {"good": rng.sample(pieces, 300), "upper": [p.upper() for p in rng.sample(pieces, 100)],
             "title": [p.title() for p in rng.sample(pieces, 60)]}
    for encoding in ENCODINGS:
        texts = [garbled(piece, encoding) for piece in rng.sample(accented, 90)]
        kinds["utf-8 as " + encoding] = [text for text in texts if text]
    windows = [garbled(piece, "sloppy-windows-1252") for piece in accented]
    kinds["twice"] = [garbled(text, "sloppy-windows-1252") for text in rng.sample(windows, 80)]
    kinds["no-break space lost"] = [text.replace("\xa0", " ") for text in windows if "\xa0" in text][:60]
    kinds["byte lost"] = [piece.encode().decode("windows-1252", "replace") for piece in rng.sample(accented, 60)]
    kinds["mixed"] = [rng.choice(["“x” ", "été – ", "日本 "]) + text + rng.choice([" — “ok”", " …", " Привет"])
                      for text in rng.sample(windows, 80)]
    entities = ["&amp;", "&lt;b&gt;", "&amp;amp;", "&copy", "&NTILDE;", "&eacute;", "&#233;", "&#x1F431;", "&#150;", "&nbsp;",
                "&notit;", "&;", "&#;", "&quot;", "R&D", "<b>", "\n", "a ", "&amp;#39;s", "&hearts;"]
    kinds["html"] = ["".join(rng.choices(entities, k=rng.randint(1, 6))) for _ in range(120)]
    odd = ["<|endoftext|>", "<|STARTOFTEXT|>", "<|", "|>", "'s", "'S", "'ll", "'ſ", "don't", "I'VE", "12", "a1", "½", "Ⅷ", "٣", "Σ",
           "ΟΔΟΣ", "İ", "ı", "ß", "ﬁ", "ǆ", "ｱ", "Ｈ", "\u3000", "\u200d", "\u200b", "\ufeff", "\x1b[31m", "\x00", "\x07", "\x85",
           "\u2028", "\r\n", "\t", "  ", "👨‍👩‍👧", "🇩🇪", "❤️", "👍🏽", "#", "@", "_", "...", "—", "“", "’", "e\u0301", "ᄒ\u1161\u11ab", ""]
    kinds["odd"] = ["".join(rng.choice(odd) + rng.choice(["", " "]) for _ in range(rng.randint(1, 8))) for _ in range(250)]
    symbols = [chr(c) for c in range(0xA0, 0x180)] + list("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ") * 3 + list("abcXYZ 1 ,.") * 6
    kinds["random Latin"] = ["".join(rng.choices(symbols, k=rng.randint(1, 6))) for _ in range(200)]
    ranges = [(1, 0x80), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x11000), (0x1F300, 0x1FA00)]
    kinds["random"] = []
    while len(kinds["random"]) < 200:
        text = "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randint(1, 12)))
        # What one version of Unicode does not know another may know as a letter.
        if all(unicodedata.category(c) != "Cn" for c in text):
            kinds["random"].append(text)
    return kinds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocab", default=HERE / "bpe_simple_vocab_16e6.txt.gz")
    parser.add_argument("--out", default=HERE / "corpus.json.gz")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    tokenizer = Tokenizer(arguments.vocab)
    lines = [json.dumps([kind, text, tokenizer.encode(text, kind in GOOD)], separators=(",", ":"))
             for kind, texts in corpus(random.Random(arguments.seed)).items() for text in texts]
    # Without the time, so that the same strings make the same file.
    pathlib.Path(arguments.out).write_bytes(gzip.compress(("[\n" + ",\n".join(lines) + "\n]\n").encode(), mtime=0))
    print(len(lines), "strings")


if __name__ == "__main__":
    main()
