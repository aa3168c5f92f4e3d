"""R12: assessments that are overdue, and that nobody was reminded of."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from streams.days import local_days
from streams.ledgers.groups import Groups, Weighed, without
from streams.ledgers.standing import STOOD
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, rupiah, whole

HISTORY, NO_DUE, NO_LETTERS, TOO_FEW = range(4)
SETTLES = 60
BILL = ["group", "assessment_id"]
OWES = pl.col("kind") == "assessment"
#: What is read of a row about an assessment whose term has ended.
READ = (*BILL, "row", "day", "kind", "source", "backfill", "amount", "reduction", "penalty", "due_at", *STOOD)


def assessed() -> pl.Expr:
    """What is assessed, paid and demanded under the number of an assessment."""
    return (
        pl.col("kind").is_in(["assessment", "receipt", "void", "reminder"])
        & pl.col("assessment_id").is_not_null()
    )


def weigh(groups: Groups) -> Weighed:
    """Per account of a department and day on which assessments fall due: the share of the unpaid ones that no letter
    followed."""
    owing = groups.rows.select(*READ).filter(OWES)
    mixed, known = _history(groups, owing)
    rows = groups.by_day(pl.concat([_of(groups, mixed), _that_may_be_late(groups, owing, mixed)]))
    bills = _bills(groups, rows).filter(~pl.col("backfill"))
    dated = bills.drop_nulls("due")
    writing = groups.ledger("revenue", "opd", "account", where=pl.col("kind") == "reminder")
    written = groups.keys.join(writing, on=["today", "opd", "account"], how="semi").select("group")
    ended = _ended(groups, dated.join(written, on="group", how="semi"))
    late = _with_what_followed(rows, ended).filter(pl.col("open") > 0)
    by_day = late.group_by("group", "due", maintain_order=True).agg(
        pl.col("deadline", "threshold", "least", "days").first(), unpaid=pl.len(),
        forgotten=pl.col("followed").not_().sum(), rupiah=pl.col("open").filter(~pl.col("followed")).sum(),
        proof=pl.col("row").filter(~pl.col("followed")),
    )  # fmt: skip
    enough = by_day.filter(pl.col("unpaid") >= pl.col("least"))
    found = enough.with_columns(observed=100.0 * pl.col("forgotten") / pl.col("unpaid"), as_of=pl.col("due")).filter(
        pl.col("observed") > pl.col("threshold")
    )  # fmt: skip
    found = found.with_columns(
        at=groups.begins(found.get_column("deadline") + 1),
        scope=pl.from_epoch("due", "d").dt.to_string("%Y-%m-%d"),
    )
    live = pl.concat([known.select("group"), bills.select("group")])
    due = pl.concat([known.filter("dated").select("group"), dated.select("group")])
    silent = {
        HISTORY: without(groups.keys, live), NO_DUE: without(live, due), NO_LETTERS: without(due, written),
        TOO_FEW: without(by_day, enough),
    }  # fmt: skip
    return Weighed(
        found.drop("due", "deadline"), {reason: some for reason, some in silent.items() if len(some)}
    )


def _history(groups: Groups, owing: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The assessments of which only a part is history; and day by day, of those of which nothing is, which groups have any,
    and any with a due day (``dated``)."""
    old = owing.filter("backfill").select(BILL).unique()
    mixed = owing.filter(~pl.col("backfill")).join(old, on=BILL, how="semi").select(BILL).unique()
    new = owing.join(old, on=BILL, how="anti")
    spans = new.select("group", pl.col("due_at").is_not_null().alias("dated"), "day", *STOOD).unique()
    return mixed, groups.by_day(spans).select("group", "dated").unique()


def _of(groups: Groups, bills: pl.DataFrame) -> pl.DataFrame:
    """What is read of the rows of some assessments."""
    return groups.rows.select(READ).join(bills, on=BILL, how="semi", maintain_order="left")


def _that_may_be_late(groups: Groups, owing: pl.DataFrame, but: pl.DataFrame) -> pl.DataFrame:
    """Rows of assessments whose term for a letter may have ended lately on some of the days, but for some, and for those that
    are paid on all of them."""
    dues = owing.select("due_at").drop_nulls().unique()
    ends = _deadline(groups, _due_days(groups, dues.get_column("due_at")))
    lately = dues.filter((ends < groups.days[-1]) & (ends + 1 + SETTLES >= groups.days[0]))
    bills = owing.join(lately, on="due_at", how="semi").select(BILL).unique()
    rows = _of(groups, bills.join(but, on=BILL, how="anti"))
    sums = rows.group_by(BILL).agg(_owed().sum().alias("open"), groups.steady().all().alias("steady"))
    paid = sums.filter(pl.col("steady") & (pl.col("open") <= 0))
    return rows.join(paid, on=BILL, how="anti", maintain_order="left")


def _due_days(groups: Groups, due_at: pl.Series) -> pl.Series:
    return pl.Series(local_days(due_at.to_numpy(), groups.profile.timezone.key), dtype=pl.Int64)


def _deadline(groups: Groups, due: pl.Series) -> pl.Series:
    """The last day of the term for a letter after each of some due days."""
    return due + groups.value("days", due).ceil().cast(pl.Int64)


def _bills(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """One row an assessment, with its last due day."""
    bills = (
        rows.filter(OWES)
        .group_by(BILL, maintain_order=True)
        .agg(
            pl.col("due_at").drop_nulls().last(),
            pl.col("source", "row", "today").first(),
            pl.col("backfill").any(),
        )
    )
    due = _due_days(groups, bills.get_column("due_at").fill_null(0))
    return bills.with_columns(due=pl.when(pl.col("due_at").is_not_null()).then(due))


def _ended(groups: Groups, bills: pl.DataFrame) -> pl.DataFrame:
    """Assessments whose term for a letter has ended lately, with the parameters of their due day; where the source has spoken
    after it."""
    days = bills.get_column("due")
    return (
        bills.with_columns(
            deadline=_deadline(groups, days), threshold=groups.value("share", days), least=groups.value("least", days),
            days=groups.value("days", days),
        )
        .filter((pl.col("deadline") < pl.col("today")) & (pl.col("deadline") + 1 + SETTLES >= pl.col("today")))
        .join(groups.heard("revenue"), on=["today", "source"], how="left", maintain_order="left")
        .filter(pl.col("heard") > pl.col("deadline"))
    )  # fmt: skip


def _with_what_followed(rows: pl.DataFrame, bills: pl.DataFrame) -> pl.DataFrame:
    """Assessments with what is open of them, and whether a letter followed after the due day. What adds to an assessment
    (STPD) is a letter too."""
    sent = pl.when(OWES | (pl.col("kind") == "reminder")).then("day").max()
    of = rows.join(bills, on=BILL, how="semi")
    sums = of.group_by(BILL).agg(_owed().sum().alias("open"), sent.alias("sent"))
    joined = bills.join(sums, on=BILL, how="left", maintain_order="left")
    return joined.with_columns(followed=(pl.col("sent") > pl.col("due")).fill_null(False))


def _owed() -> pl.Expr:
    """What a row adds to what is open of its assessment."""
    kind, amount = pl.col("kind"), pl.col("amount")
    return (
        pl.when(OWES).then(amount - pl.col("reduction") + pl.col("penalty"))
        .when(kind == "receipt").then(-amount).when(kind == "void").then(amount).otherwise(0)
    )  # fmt: skip


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    due = told.day(told.profile.calendar.day_start(told.scope))
    return (
        f"Indikasi ketetapan lewat jatuh tempo tanpa teguran: {whole(told.more['forgotten'])} dari {whole(told.more['unpaid'])} "
        f"ketetapan yang jatuh tempo {due} dan belum lunas ({decimal(told.observed)} %, batas {decimal(told.threshold)} %) "
        f"tidak diikuti surat teguran atau STPD dalam {whole(told.more['days'])} hari; terbuka {rupiah(told.more['rupiah'])}; "
        "perlu klarifikasi."
    )


def _bill(number: int, kind: str = "assessment", at: str = "2026-01-05 09:00", **fields: Any) -> Event:
    """Something about an assessment of Rp1 million."""
    own = {"assessment_id": f"SKPD-{number}", "account": "4.1.01.15.01.0001", "amount": 1_000_000}
    return on(at, kind, **{**own, **fields})


def _bills_of(
    count: int, reminded: int, due: str = "2026-01-09", until: str = "2026-04-11", **fields: Any
) -> list[Event]:
    """Assessments that fall due on a day, of which some are followed by a letter; and a last letter of the office."""
    return [
        *(_bill(n, at=f"2026-01-05 09:{n:02d}", due_at=f"{due} 23:59", **fields) for n in range(count)),
        *(_bill(n, "reminder", "2026-02-10 09:00") for n in range(reminded)),
        _bill(99, "reminder", f"{until} 09:00"),
    ]


CLOCK = "2026-04-16 01:00"
EXAMPLES = (
    row("found", "found", *_bills_of(20, 5), scope="2026-01-09", observed=75.0, clock=CLOCK),
    row("not found", "not found", *_bills_of(20, 20), clock=CLOCK),
    row(
        "not found", "not found", *_bills_of(40, 0), *(_bill(n, "receipt", "2026-03-02 09:00") for n in range(20)),
        *(_bill(n, at="2026-03-02 10:00", amount=0, penalty=10_000) for n in range(20, 40)), clock=CLOCK,
    ),
    row("not found", "not found", *_bills_of(20, 0, until="2026-04-09"), clock="2026-05-20 01:00"),
    row("just below", "not found", *_bills_of(20, 10), clock=CLOCK),
    row("just above", "found", *_bills_of(20, 9), observed=55.0, clock=CLOCK),
    row("not applicable", "not applicable", *_bills_of(20, 0)[:-1], _bill(98, "receipt", "2026-04-11 09:00"), clock=CLOCK),
    row("not applicable", "not applicable", *_bills_of(20, 0, mode="backfill"), clock=CLOCK),
    row("too few", "not applicable", *_bills_of(19, 0), clock=CLOCK),
    row("before a dated change", "not found", *_bills_of(20, 5, "2026-01-30"), clock=CLOCK),
    row("after a dated change", "found", *_bills_of(20, 5, "2026-02-02"), scope="2026-02-02", observed=75.0, clock=CLOCK),
)  # fmt: skip

RULE = Rule(
    id="R12",
    version="1",
    title="Ketetapan lewat jatuh tempo tanpa teguran",
    domain="revenue",
    kind="soft",
    task="regency",
    area="Optimalisasi Pendapatan Daerah",
    legal_basis=(
        LegalBasis("UU 1/2022: penetapan dan penagihan pajak daerah dan retribusi daerah", date(2022, 1, 5)),
        LegalBasis("PP 35/2023: ketentuan umum pajak daerah, penagihan", date(2023, 6, 16)),
    ),
    method=(
        "Ketetapan pada satu akun dengan tanggal jatuh tempo yang sama dinilai bersama. Yang masih terbuka pada akhir tenggang "
        "dan tidak diikuti surat teguran atau STPD setelah jatuh temponya dibagi semua yang masih terbuka. Dinilai bila cukup "
        "banyak yang terbuka, kantornya mencatat surat teguran, dan sumbernya masih mengirim data setelah tenggang; "
        f"setelah {SETTLES} hari hasilnya tetap. Kedaluwarsa lima tahun belum dinilai: catatan penerimaan tidak "
        "disimpan selama itu."
    ),
    why="Tagihan yang tidak pernah ditegur jarang dibayar, dan lama-lama kedaluwarsa; hal itu dapat pula disengaja.",
    innocent=(
        "Surat teguran dikirim di luar sistem dan tidak dicatat",
        "Penagihan ditunda oleh kebijakan keringanan pajak",
        "Wajib pajak tidak ditemukan atau objek pajaknya ganda",
    ),
    unit_of_measure="persen",
    parameters=(
        Parameter("days", 90.0, "hari", "tenggang setelah jatuh tempo sampai surat teguran atau STPD"),
        Parameter("share", 50.0, "persen", "bagian tanpa surat yang masih wajar"),
        Parameter("least", 20.0, "ketetapan", "ketetapan terbuka dengan jatuh tempo yang sama agar dinilai"),
    ),
    minimum_sample=20,
    severity=0.4,
    needs=("assessment_id", "due_at"),
    sources=("Aturan sendiri: ketetapan yang terbuka terhadap surat teguran dan STPD",),
    reads_absence=True,
    historic=False,
    not_applicable=(
        "data historis",
        "ketetapan tanpa tanggal jatuh tempo",
        "kantor ini tidak mencatat surat teguran",
        "ketetapan terbuka terlalu sedikit",
    ),
    weigh=weigh,
    reads={"revenue": ("account", "amount", "assessment_id", "due_at", "reduction", "penalty")},
    rows=assessed,
    by=("opd", "account"),
    window=400,
    every=7,
    settles=SETTLES,
    daily=True,
    once=True,
    sentence=sentence,
    examples=EXAMPLES,
)
