"""B14: a payment that went before many older ones of the same fund, whose papers were complete and whose time was up."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from schemas.calendar_arrays import parts, unit
from streams.days import DAY_MS
from streams.ledgers.groups import Groups, Weighed
from streams.rules.examples import Event, on, row
from streams.rules.rule import LegalBasis, Parameter, Rule
from streams.rules.telling import Told, decimal, whole

NOT_NOTED = 0
#: Cash that is handed out ahead of spending; an SP2D of it may name no SPM.
ADVANCES = ("UP", "TU")
PAPER = ("group", "opd", "number")
SETTINGS = ("overtaken", "waited_days", "unpaid_days")


def queued() -> pl.Expr:
    """SPM and SP2D of a known fund; salaries and recurring payments have dates of their own."""
    papers = pl.col("kind").is_in(["spm", "sp2d"]) & pl.col("document_number").is_not_null()
    ordinary = ~pl.col("recurring") & ~pl.col("account").cast(pl.String).str.starts_with("5.1.01")
    return (papers & ordinary & (pl.col("fund") != "")).fill_null(False)


def weigh(groups: Groups) -> Weighed:
    """Per SP2D: how many older complete SPM of its year and fund were still waiting beyond their standard."""
    rows = groups.rows.rename({"document_number": "number"})
    noted = (pl.col("kind") == "spm") & pl.col("complete_at").is_not_null()
    papers = _that_may_matter(
        groups, rows.filter(pl.col("kind") == "spm"), rows.filter(pl.col("kind") == "sp2d")
    )
    found = _found(_passed(groups, groups.by_day(papers))) if len(papers) else papers
    return Weighed(found, {NOT_NOTED: groups.lacking(noted)})


def _passed(groups: Groups, rows: pl.DataFrame) -> pl.DataFrame:
    """Day by day, payments that went before many, each with every SPM that it passed."""
    orders = rows.filter(pl.col("kind") == "spm").group_by(PAPER, maintain_order=True).agg(
        pl.col("complete_at").clip(0).max().alias("complete"), pl.col("at").first().alias("made"), pl.col("source").first(),
        pl.col("refers_to").first().alias("spp"), pl.col("row").first().alias("order"),
    )  # fmt: skip
    paid = rows.filter(pl.col("kind") == "sp2d").group_by(PAPER, maintain_order=True).agg(
        pl.col("at").first().alias("paid"), pl.col("refers_to").first(), pl.col("disbursement_type").first(),
        pl.col("row").first().alias("payment"), pl.col("day").first().alias("as_of"), pl.col("today").first(),
    )  # fmt: skip
    noted = orders.filter(pl.col("complete").is_not_null())
    passed = _many(_together(groups, _waiting(noted, paid), _payments(orders, paid)))
    return _many(_heard(groups, passed)) if len(passed) else passed


def _that_may_matter(groups: Groups, orders: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """The lines of payments that may have gone before many on some day, and of all papers that decide it: what they passed,
    what may have taken its place, and what paid it."""
    pairs = _many(_together(groups, _may_wait(groups, orders, paid), _may_pass(orders, paid)))
    if not len(pairs):
        return orders.clear()
    passed = orders.join(pairs.select(row="passed"), on="row", how="semi").select(PAPER)
    own = pairs.select("group", "opd", number="refers_to")
    named = orders.join(pl.concat([passed, own]), on=PAPER, how="semi")
    again = orders.join(named, on=["group", "opd", "refers_to"], how="semi")
    orders = orders.join(pl.concat([named, again]), on=PAPER, how="semi")
    pays = paid.join(
        orders.select("group", "opd", refers_to="number"), on=["group", "opd", "refers_to"], how="semi"
    )
    paid = paid.join(pl.concat([pays.select(PAPER), pairs.select(PAPER)]), on=PAPER, how="semi")
    return pl.concat([orders, paid]).sort("row")


def _may_wait(groups: Groups, orders: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """As ``_waiting``, whichever lines of a paper stood: each instant at which an SPM may have been complete, with the
    latest at which it may have been paid. One whose SP2D came within the days was unpaid only as long as no later
    payment was known."""
    noted = orders.drop_nulls("complete_at").select(
        *PAPER, pl.col("complete_at").clip(0).alias("complete"), pl.col("row").alias("passed")
    ).unique([*PAPER, "complete"])  # fmt: skip
    lasting = pl.col("gone").is_null() & (pl.col("day") >= groups.days[-1] - groups.rule.window)
    for_one = pl.col("refers_to").n_unique().over(PAPER) == 1
    known = paid.group_by("group", "seen").agg(pl.col("at").max().alias("known")).sort("seen")
    known = known.with_columns(pl.col("known").cum_max().over("group"))
    lines = paid.select(*PAPER[:2], "at", "seen", number="refers_to", lasting=lasting & for_one)
    surely = (
        lines.filter("lasting").group_by(PAPER).agg(pl.col("at").min(), pl.col("seen").max()).sort("seen")
    )
    surely = surely.join_asof(known, on="seen", by="group", allow_exact_matches=False, check_sortedness=False)
    late = pl.when(pl.col("seen") > groups.days[0]).then(pl.col("known") + 1)
    surely = surely.select(*PAPER, ended=pl.max_horizontal("at", late))
    unsure = lines.filter(~pl.col("lasting")).group_by(PAPER).agg(pl.col("at").max().alias("ended"))
    others = noted.join(surely, on=PAPER, how="anti")
    parts = [noted.join(surely, on=PAPER), others.join(unsure, on=PAPER), others.with_columns(ended=None)]
    return pl.concat(parts, how="vertical_relaxed").drop("opd", "number")


def _may_pass(orders: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """As ``_payments``, whichever lines of a paper stood: each line of an SP2D, with the latest instant since when it may
    have been due."""
    since = orders.group_by("group", "opd", pl.col("number").alias("refers_to")).agg(
        since=pl.max_horizontal(pl.col("complete_at").max(), pl.col("at").max())
    )
    own = pl.when(pl.col("disbursement_type").is_in(ADVANCES)).then("paid")
    lines = paid.select(*PAPER, "refers_to", "disbursement_type", paid="at", payment="row", as_of="day")
    dated = lines.join(since, on=["group", "opd", "refers_to"], how="left")
    return dated.with_columns(since=pl.max_horizontal("since", own)).drop_nulls("since")


def _waiting(noted: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """SPM with the instant of the SP2D of each, if there is one. One that was made again from the same SPP is replaced."""
    named = noted.filter(pl.col("spp").is_not_null()).unique(["group", "opd", "spp"], keep="last")
    standing = pl.concat([named, noted.filter(pl.col("spp").is_null())])
    first = paid.group_by("group", "opd", pl.col("refers_to").alias("number")).agg(pl.col("paid").min())
    return standing.join(first, on=PAPER, how="left").select(
        "group", "source", "complete", passed="order", ended="paid"
    )


def _payments(orders: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """SP2D with the instant since when each was due for payment; of an advance without SPM its own."""
    since = orders.select(
        "group", "opd", pl.col("number").alias("refers_to"), pl.coalesce("complete", "made").alias("since"),
        pl.col("order").alias("own"),
    )  # fmt: skip
    own = pl.when(pl.col("disbursement_type").is_in(ADVANCES)).then("paid")
    dated = paid.join(since, on=["group", "opd", "refers_to"], how="left")
    return dated.with_columns(pl.coalesce("since", own)).drop_nulls("since")


def _together(groups: Groups, waiting: pl.DataFrame, payments: pl.DataFrame) -> pl.DataFrame:
    """Each payment with every older SPM that waited beyond its standard when it was made, or may have: of one without SP2D
    (``ended``) it is not looked up here whether its source was heard of again."""
    payments = payments.with_columns(
        _parts(groups, payments, "paid").alias("end"),
        *(groups.value(name, payments.get_column("as_of")).alias(name) for name in SETTINGS),
    )
    least = payments.group_by("group", "unpaid_days").agg(
        pl.col("waited_days").min(), pl.col("paid").max().alias("latest")
    )
    given_up = pl.col("complete") + (pl.col("unpaid_days") * DAY_MS).cast(pl.Int64)
    late = (
        waiting.join(least, on="group")
        .filter(pl.col("complete") < pl.col("latest"))  # nor is a time too far for the calendar
        .with_columns(pl.coalesce(pl.col("ended") - 1, given_up).alias("until"))
    )
    size = unit(groups.profile.calendar)
    late = late.with_columns(_parts(groups, late, "complete").alias("start"))
    late = late.filter((_parts(groups, late, "until") - pl.col("start")) / size > pl.col("waited_days"))
    return payments.join(late.drop("waited_days", "latest"), on=["group", "unpaid_days"]).filter(
        (pl.col("complete") < pl.col("since"))
        & (pl.col("until") >= pl.col("paid"))
        & ((pl.col("end") - pl.col("start")) / size > pl.col("waited_days"))
    )


def _many(pairs: pl.DataFrame) -> pl.DataFrame:
    """Of the payments that went before so many that it is remarkable."""
    return pairs.filter(pl.len().over("group", "payment") >= pl.col("overtaken"))


def _heard(groups: Groups, pairs: pl.DataFrame) -> pl.DataFrame:
    """Without the SPM that are not known to have waited: whose source was not heard of since the payment."""
    heard = (
        groups.ledger("budget", "source", "at")
        .group_by("today", "source")
        .agg(pl.col("at").max().alias("heard"))
    )
    dated = pairs.join(heard, on=["today", "source"], how="left", maintain_order="left")
    return dated.filter(pl.col("ended").is_not_null() | (pl.col("heard") >= pl.col("paid")))


def _parts(groups: Groups, rows: pl.DataFrame, name: str) -> pl.Series:
    """Instants in parts of a working day, which can be subtracted."""
    at = rows.get_column(name).to_numpy().astype(np.int64)
    return pl.Series(parts(groups.profile.calendar, at), dtype=pl.Int64)


def _found(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a payment."""
    counted = pairs.sort("payment", "passed").group_by(PAPER, maintain_order=True).agg(
        observed=pl.len().cast(pl.Float64), at=pl.col("paid").first(), as_of=pl.col("as_of").first(),
        threshold=pl.col("overtaken").first(), waited_days=pl.col("waited_days").first(),
        proof=pl.concat_list(pl.col("passed").implode(), pl.col("own", "payment").first()).first().list.drop_nulls(),
    )  # fmt: skip
    return counted.with_columns(
        scope=pl.concat_str(pl.col("opd", "number").cast(pl.String), separator=" ")
    ).drop("opd", "number")


def sentence(told: Told) -> str:
    """What was seen, in one sentence."""
    number = told.scope.partition(" ")[2]
    return (
        f"Indikasi pembayaran mendahului antrean: SP2D nomor {number} dari dana {told.more['fund']} terbit {told.day(told.at)} "
        f"sementara {whole(told.observed)} SPM yang lebih dahulu lengkap masih menunggu lebih dari "
        f"{decimal(told.more['waited_days'])} hari kerja (batas {whole(told.threshold)} SPM); perlu klarifikasi."
    )


def _spm(number: int, at: str = "2026-01-05 09:00", complete: bool = True, **fields: Any) -> Event:
    noted = at if complete else None
    own = {
        "fund": "PAD",
        "complete_at": noted,
        "refers_to": f"SPP/{number}",
        "disbursement_type": "LS",
        **fields,
    }
    return on(at, "spm", document_number=f"SPM/{number}", **own)


def _sp2d(number: int, at: str, **fields: Any) -> Event:
    own = {"fund": "PAD", "refers_to": f"SPM/{number}", "disbursement_type": "LS", **fields}
    return on(at, "sp2d", document_number=f"SP2D/{number}", **own)


def _queue(length: int, at: str = "2026-01-05 09:00", **fields: Any) -> list[Event]:
    """SPM that wait, numbered from 1."""
    return [_spm(number, at, **fields) for number in range(1, length + 1)]


YOUNG = (_spm(90, "2026-01-12 09:00"), _sp2d(90, "2026-01-12 15:00"))
EXAMPLES = (
    row("found", "found", *_queue(10), *YOUNG, scope="1.03.01 SP2D/90", observed=10),
    row("found", "found", *_queue(12), *YOUNG, *(_sp2d(n, "2026-01-13 09:00") for n in range(1, 13)), observed=12),
    row(
        "found", "found", *_queue(10), _sp2d(91, "2026-01-12 15:00", disbursement_type="TU", refers_to=None), observed=10,
    ),
    row("not found", "not found", *_queue(12), _sp2d(1, "2026-01-12 15:00")),
    row("not found", "not found", *_queue(12, fund="DAU"), *YOUNG),
    row("not found", "not found", *_queue(12), _sp2d(90, "2026-01-12 15:00", recurring=True)),
    row("not found", "not found", *_queue(10), _spm(77, "2026-01-09 09:00", refers_to="SPP/3"), *YOUNG),
    row("just below", "not found", *_queue(9), *YOUNG),
    row("just below", "not found", *_queue(12, "2026-01-08 15:00"), *YOUNG),
    row("just above", "found", *_queue(12, "2026-01-08 14:00"), *YOUNG, observed=12),
    row("not applicable", "not applicable", *_queue(12, complete=False), *YOUNG[1:]),
    row("before a dated change", "not found", *_queue(5), *YOUNG),
    row(
        "after a dated change", "found", *_queue(5, "2026-02-02 09:00"), _spm(90, "2026-02-09 09:00"),
        _sp2d(90, "2026-02-09 15:00"), observed=5,
    ),
)  # fmt: skip

RULE = Rule(
    id="B14",
    version="1",
    title="Pembayaran mendahului antrean",
    domain="budget",
    kind="soft",
    task="regency",
    area="Pengelolaan Keuangan Daerah",
    legal_basis=(
        LegalBasis("Permendagri 77/2020: SP2D paling lambat 2 hari setelah SPM lengkap", date(2020, 12, 30)),
        LegalBasis("PP 60/2008 tentang SPIP", date(2008, 8, 28)),
    ),
    method=(
        "Setiap SP2D dibandingkan dengan SPM tahun dan sumber dana yang sama, di semua perangkat daerah: dihitung SPM yang lebih "
        "dahulu lengkap, belum dibayar saat itu, dan sudah menunggu lebih lama daripada batas hari kerjanya. Umur SP2D ialah umur "
        "SPM-nya; uang muka (UP, TU) tanpa SPM berumur nol. Gaji (5.1.01) dan pembayaran berulang tidak dibandingkan. SPM "
        "yang diganti SPM lain dari SPP yang sama tidak menunggu lagi. SPM yang belum dibayar dihitung selama batas harinya, dan "
        "hanya bila sumbernya masih mengirim data sesudah SP2D itu."
    ),
    why="Pembayaran yang didahulukan dari yang lebih lama menunggu dapat diminta imbalannya, juga dari yang dibiarkan menunggu.",
    innocent=(
        "Pembayaran mendesak atau berjatuh tempo: bencana, putusan pengadilan, akhir kontrak",
        "Sumber dana sama, tetapi penyalurannya terikat kegiatan tertentu (DAK)",
        "SPM yang menunggu sebenarnya dikembalikan atau dibatalkan, dan itu tidak dicatat",
    ),
    unit_of_measure="SPM",
    parameters=(
        Parameter("overtaken", 10.0, "SPM", "SPM yang didahului, sejak berapa menjadi indikasi"),
        Parameter("waited_days", 2.0, "hari kerja", "lama menunggu sejak lengkap yang masih wajar bagi sebuah SPM"),
        Parameter("unpaid_days", 30.0, "hari", "berapa lama SPM yang belum dibayar masih dihitung menunggu"),
    ),
    severity=0.7,
    needs=("document_number", "refers_to", "complete_at", "fund"),
    sources=("Ogan Komering Ulu, Maret 2025: uang muka kegiatan pokir diperintahkan dibayar lebih dahulu",),
    delivers=True,
    reads_absence=True,
    not_applicable=("kelengkapan SPM tidak dicatat",),
    weigh=weigh,
    reads={
        "budget": (
            "fiscal_year", "fund", "account", "recurring", "disbursement_type", "document_number", "refers_to", "complete_at",
        )
    },
    rows=queued,
    by=("fiscal_year", "fund"),
    once=True,
    window=500,  # the year, and the months in which it is still corrected
    sentence=sentence,
    examples=EXAMPLES,
    without={"too few": "Batas jumlah SPM sekaligus batas terkecil; tidak ada pembanding lain."},
)  # fmt: skip
