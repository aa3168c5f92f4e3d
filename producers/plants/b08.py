"""B08: the money of several suppliers ends in one hand.

What happened: firms that exist on paper send invoices, and the bank account behind them is that of one man, or of an
employee who passes the papers on. Weak: two suppliers are paid on one account; medium: suppliers of goods are paid on the
account of an employee, in the last year alone (before it, and where the profile lists no such account, three are paid on
one); strong: four suppliers are paid on one account.
Source: ACFE, billing schemes (shell companies; vendors with an employee's bank account); World Bank red flags on
bidders that share addresses and accounts.
"""

from __future__ import annotations

from producers.plants.b05 import again, goods
from producers.plants.b18 import TRAVEL
from producers.plants.ledger import Strength
from producers.plants.papers import Innocent, Papers, Wrong
from producers.simulator.disbursement import payee
from producers.simulator.world import DAY_MS, Record

SUPPLIERS: dict[Strength, int] = {"weak": 2, "medium": 3, "strong": 4}
#: What a supplier delivers: goods, and what is built or bought to stay.
DELIVERED = ("5.1.02.01.", "5.2.")


#: What a payment says of its package.
OF_A_PACKAGE = (
    "package_id", "package_method", "package_kind", "package_ceiling", "procured_at", "contract_number", "contract_end",
)  # fmt: skip


def delivered(papers: Papers) -> bool:
    """Whether it is a payment of a supplier's goods."""
    return goods(papers) and str(papers.events[0]["account"]).startswith(DELIVERED)


def shared(papers: Papers, suppliers: int) -> None:
    """Buy the same for the same money in that many small purchases, none of them a package."""
    for record in papers.events:
        record |= {"amount": record["amount"] // suppliers, **dict.fromkeys(OF_A_PACKAGE)}


def employees(papers: Papers) -> str | None:
    """The bank account of an employee on that day, where the profile lists one."""
    for listed in papers.ground.profile.employee_accounts:
        if listed.valid_from <= papers.day and (listed.valid_to is None or papers.day <= listed.valid_to):
            return listed.account_token
    return None


class OneHand(Wrong):
    """Pays suppliers on an account that is not theirs alone."""

    RULE, DOMAIN = "B08", "budget"
    ALSO = frozenset({"B10"})
    COST = 27
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        if not delivered(papers):
            return []
        paid = papers.one("sp2d")
        lent = papers.start >= self.ground.closes - 300 * DAY_MS
        if self.strength == "medium" and lent and (account := employees(papers)):
            for record in papers.events:
                record["payee_account_token"] = account
            return [paid]
        suppliers = SUPPLIERS[self.strength]
        shared(papers, suppliers)
        honest, shown = tuple(papers.events), [paid]
        for number in range(1, suppliers):
            invoice = f"{paid['invoice_number']}{number}"
            other = payee(papers.ground.world, f"{paid['document_number']}/{number}")
            other["payee_account_token"] = paid["payee_account_token"]
            one = Papers(papers.ground, [*honest], papers.start)
            made = again(self, one, 7 * number, invoice_number=invoice, **other)
            papers.events += made
            shown.append(made[-1])
        return shown


class OwnAccount(Innocent):
    """A supplier changes its bank between two payments; or an employee is paid back for a trip on the own account."""

    DOMAIN = "budget"
    UNTIL = 10

    def plant(self, papers: Papers) -> list[Record]:
        world, account = papers.ground.world, employees(papers)
        if self.strength == "medium" and account:
            if not papers.payment() or not str(papers.events[0]["account"]).startswith(TRAVEL):
                return []
            for record in papers.events:
                record.update(payee_token=world.token("person", f"of/{account}"), payee_account_token=account)
            return [papers.one("sp2d")]
        if not delivered(papers):
            return []
        paid = papers.one("sp2d")
        shared(papers, 2)
        bank = world.token("account", f"new/{paid['document_number']}")
        made = again(self, papers, 21, invoice_number=f"{paid['invoice_number']}8", payee_account_token=bank)
        return [paid, made[-1]]


PLANTS = (OneHand, OwnAccount)
