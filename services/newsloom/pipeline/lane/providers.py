"""Providers by number, so that an article in memory names its provider in four bytes."""

from array import array

Provider = tuple[str, str]
"""A name and a domain. Articles of one domain may have several names."""


class ProviderNumbers:
    """The providers that articles of a lane have. A number lasts as long as an article has it.

    `by_number` holds them, for reading.
    """

    def __init__(self) -> None:
        self._numbers: dict[Provider, int] = {}
        self.by_number: list[Provider] = [("", "")]
        self._articles = array("i", (0,))
        self._free: list[int] = []

    def acquire(self, name: str, domain: str) -> int:
        """The number of a provider, for one more article."""
        number = self._numbers.get((name, domain))
        if number is None:
            number = self._free.pop() if self._free else self._extend()
            self._numbers[name, domain] = number
            self.by_number[number] = name, domain
        self._articles[number] += 1
        return number

    def release(self, number: int) -> None:
        """Takes one article from a provider."""
        self._articles[number] -= 1
        if not self._articles[number]:
            del self._numbers[self.by_number[number]]
            self._free.append(number)

    def _extend(self) -> int:
        self.by_number.append(("", ""))
        self._articles.append(0)
        return len(self.by_number) - 1
