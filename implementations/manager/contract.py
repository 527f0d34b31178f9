"""What every manager of books must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from implementations.messages import BookLike

Top = tuple[float, float, float, float]
EMPTY: Final[Top] = (0.0, 0.0, 0.0, 0.0)


class BookManager(Protocol):
    """One book a symbol, and the newest top of each for whoever asks.

    Factory: called as factory(new_book), where new_book() gives an empty book (implementations.book.contract).
    Order: the messages of a symbol are applied in the order of the calls. `top` gives what the book's `top` was after
    one of the messages applied so far: never a mixture of two, never an older one than the same thread was given
    before, and the newest once no `apply` is under way. A symbol that no message named has EMPTY.
    Threading: `apply` for one symbol is called by one thread at a time (its feed's), for different symbols by any
    threads at once, also for symbols that are new; `top` and `symbols` by any thread at any time, and they wait for no
    book to be changed where the implementation has no lock.
    Errors: none but the book's own. Cost: `top` is asked far more often than a book changes; below a microsecond is
    the aim, whatever the other threads do.
    """

    def apply(self, message: BookLike) -> None:
        """Take one message into the book of its symbol, which is made where there is none."""

    def top(self, symbol: str) -> Top:
        """Return best bid price, its size, best ask price, its size."""

    def symbols(self) -> list[str]:
        """Name the symbols that have a book, in the order in which they came."""
