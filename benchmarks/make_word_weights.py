"""Write `services/newsloom/catalogue/word_weights/*.txt` from the word lists of `wordfreq`.

Run it when `term_of` or `words` changes: `pip install wordfreq`, then
`python -m benchmarks.make_word_weights`. Newsloom itself does not need wordfreq.
"""

import argparse
import math
from collections import defaultdict
from pathlib import Path

import wordfreq

from newsloom.rules.words.terms import term_of
from newsloom.rules.words.text import words

TARGET = Path("services/newsloom/catalogue/word_weights")
TEXTS = 10_000
WORDS_PER_TEXT = 40
STEP = 20
MIN_FREQUENCY = {"en": 2e-6}
DEFAULT_MIN_FREQUENCY = 1e-5
HEADER = """\
# Word weights: 100 * ln(10,000 / (1 + texts of 10,000 that contain the word)), in steps of {step}.
# A line: a weight, a tab, the words of that weight. Words not listed are rare and weigh 921.
# Made by benchmarks/make_word_weights.py from wordfreq 3.1.1 (Robyn Speer), whose data are
# under CC BY-SA 4.0; so is this file.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("languages", nargs="*", help="codes of languages (all)")
    arguments = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    for language in arguments.languages or sorted(wordfreq.available_languages("small")):
        frequencies: dict[str, float] = defaultdict(float)
        for word, frequency in wordfreq.get_frequency_dict(language, "best").items():
            for token in words(word):
                frequencies[term_of(token, language)] += frequency
        by_weight: dict[int, list[str]] = defaultdict(list)
        for term, frequency in frequencies.items():
            if frequency >= MIN_FREQUENCY.get(language, DEFAULT_MIN_FREQUENCY):
                texts = TEXTS * (1 - math.exp(-frequency * WORDS_PER_TEXT))
                weight = round(100 * math.log(TEXTS / (1 + texts)) / STEP) * STEP
                if not term[0].isdigit():
                    by_weight[max(0, weight)].append(term)
        lines = [
            f"{weight}\t{' '.join(sorted(by_weight[weight]))}\n" for weight in sorted(by_weight)
        ]
        text = HEADER.format(step=STEP) + "".join(lines)
        (TARGET / f"{language}.txt").write_text(text, encoding="utf-8")
        print(f"{language}: {sum(map(len, by_weight.values()))} words, {len(text)} characters")


if __name__ == "__main__":
    main()
