"""Typed events, made from the .avsc files by ``python -m schemas.generate``. Do not edit."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PermitStep(_Event):
    """One step of a permit case. kind: submitted, accepted (complete and correct), started, finished, returned (to the applicant), resubmitted, rejected, issued, withdrawn, closed."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    case_id: str
    """number of the permit case; the Kafka key"""
    permit_type: str = ""
    """code of the permit type in the profile"""
    step: str | None = None
    """code of the step in the profile, for started and finished"""
    unit: str | None = None
    """code of the unit that holds the file from this event on"""
    officer_token: str | None = None
    """token of the officer who acted"""
    officer_role: str | None = None
    """role of the officer, for example verifier or approver"""
    applicant_token: str | None = None
    """token of the applicant (person or company)"""
    agent_token: str | None = None
    """token of the applicant's agent (kuasa), where there is one"""
    address_token: str | None = None
    """token of the address the permit is for"""
    village: str | None = None
    """village code PP.KK.CC.DDDD of the place the permit is for"""
    channel: str | None = None
    """how it came in: online, counter, mobile service"""
    due_at: Int64 | None = None
    """the case's own due date, UTC milliseconds; overrides the service standard"""
    automatic: bool = False
    """done by the system without a person (low-risk permits)"""
    risk_level: str | None = None
    """risk class of the activity under PP 28/2025"""
    delegation_id: str | None = None
    """number of the delegation the officer acts under"""
    delegated_by_token: str | None = None
    """token of the officer who delegated"""
    new_documents: bool | None = None
    """whether the applicant handed in new documents with this event"""
    contact: str | None = None
    """contact between officer and applicant: visit, phone, message, payment"""
    fee_assessed: Int64 | None = None
    """fee (retribusi) assessed, rupiah"""
    fee_paid: Int64 | None = None
    """fee paid, rupiah"""
    document_number: str | None = None
    """number of the document that this step made"""
    document_date: Int64 | None = None
    """date on that document, UTC milliseconds"""
    register_number: Int64 | None = None
    """running number in the office's register"""
    reason_code: str | None = None
    """code of the reason for a return or a rejection"""


class DepositPart(_Event):
    """DepositPart"""

    receipt_number: str
    """receipt contained in the deposit"""
    amount: Int64
    """rupiah"""


class RevenueEvent(_Event):
    """One movement of regional revenue. kind: assessment, receipt, void, deposit (to the treasury account RKUD), opening_balance, reminder."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    cash_office: str
    """code of the cash office; with opd the Kafka key"""
    account: str
    """account code of Permendagri 90/2019, for example 4.1.01.09.01.0001"""
    amount: Int64
    """rupiah, never negative; a void carries the amount it takes back"""
    channel: str = "cash"
    """cash, teller, qris, virtual_account, transfer"""
    village: str | None = None
    """village code of the object or the payer"""
    payer_token: str | None = None
    """token of the payer (person or company)"""
    object_token: str | None = None
    """token of the taxed object (land, vehicle, stall)"""
    tax_period: str | None = None
    """period the money is for: YYYY, YYYY-MM or YYYY-MM-DD"""
    due_at: Int64 | None = None
    """when the assessment falls due, UTC milliseconds"""
    assessment_id: str | None = None
    """number of the assessment (SKPD-pajak, SKRD) this belongs to"""
    reduction: Int64 = 0
    """reduction granted on the assessment, rupiah"""
    penalty: Int64 = 0
    """penalty added to the assessment, rupiah"""
    receipt_number: str | None = None
    """number of the receipt"""
    receipt_book: str | None = None
    """receipt book or device the number is from"""
    cashier_token: str | None = None
    """token of the cashier"""
    officer_token: str | None = None
    """token of the officer who assessed, waived or voided"""
    voided_event: str | None = None
    """event_id of the receipt that a void takes back"""
    void_reason: str | None = None
    """why it was voided"""
    deposit_number: str | None = None
    """number of the deposit slip (STS)"""
    composition: list[DepositPart] = Field(default_factory=list)
    """the receipts a deposit contains"""
    measure: str | None = None
    """for opening_balance: received, assessed, deposited or arrears"""
    zone: str | None = None
    """value zone of the object (BPHTB, PBB)"""
    declared_value: Int64 | None = None
    """value declared by the parties (BPHTB), rupiah"""
    reference_value: Int64 | None = None
    """reference value of the zone, rupiah"""
    permit_case_id: str | None = None
    """permit case the fee belongs to"""
    closing_id: str | None = None
    """cashier's daily closing the movement is in"""


class BudgetEvent(_Event):
    """One step of the budget. kind: ceiling, package, spd, spp, spm, sp2d, accounting (of UP or TU), return, reversal."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    fiscal_year: Int32
    """budget year"""
    program: str = ""
    """program code"""
    activity: str = ""
    """activity code"""
    sub_activity: str
    """sub-activity code; with opd the Kafka key"""
    account: str = ""
    """account code of Permendagri 90/2019, for example 5.1.02.02.01.0062"""
    amount: Int64
    """rupiah, never negative"""
    disbursement_type: str | None = None
    """UP, GU, TU or LS"""
    document_number: str | None = None
    """number of the SPD, SPP, SPM, SP2D or accounting document"""
    document_date: Int64 | None = None
    """date on the document, UTC milliseconds"""
    refers_to: str | None = None
    """document_number of the document this one follows, settles, returns to or reverses"""
    complete_at: Int64 | None = None
    """when the document's papers were complete, UTC milliseconds"""
    ceiling_stage: str | None = None
    """for ceiling: RKPD, KUA-PPAS, RAPBD, APBD, SHIFT or APBD-P"""
    monthly_plan: list[Int64] = Field(default_factory=list)
    """for ceiling: cash plan January to December, rupiah"""
    indicator: str | None = None
    """performance indicator of the sub-activity"""
    target: float | None = None
    """target value of the indicator"""
    fund: str | None = None
    """source of funds: PAD, DAU, DAK, DBH, SILPA"""
    village: str | None = None
    """village code of the place it is spent in"""
    pokir: bool = False
    """proposed by a member of the regional council (pokok-pokok pikiran)"""
    payee_token: str | None = None
    """token of the payee (person or company)"""
    payee_account_token: str | None = None
    """token of the payee's bank account"""
    address_token: str | None = None
    """token of the payee's address"""
    invoice_number: str | None = None
    """the payee's invoice number"""
    recurring: bool = False
    """declared recurring payment (salary, allowance, subscription)"""
    officer_token: str | None = None
    """token of the officer who signed"""
    officer_role: str | None = None
    """PA, KPA, PPK-SKPD, PPTK, treasurer, kuasa-BUD"""
    package_id: str | None = None
    """RUP number of the procurement package"""
    package_method: str | None = None
    """direct, tender, e-purchasing, swakelola, emergency"""
    package_kind: str | None = None
    """construction, goods, services, consulting"""
    package_ceiling: Int64 | None = None
    """ceiling of the package, rupiah"""
    procured_at: Int64 | None = None
    """procurement date of the package, UTC milliseconds"""
    contract_number: str | None = None
    """contract the payment belongs to"""
    contract_end: Int64 | None = None
    """last day of the contract, UTC milliseconds"""
    handed_over_at: Int64 | None = None
    """hand-over of the work, UTC milliseconds"""
    traveller_token: str | None = None
    """token of the person who travelled"""
    trip_from: Int64 | None = None
    """first day of the trip, UTC milliseconds"""
    trip_to: Int64 | None = None
    """last day of the trip, UTC milliseconds"""
    trip_lodging: Int64 | None = None
    """lodging claimed for the trip, rupiah"""


class PopulationChange(_Event):
    """One change in the civil registry. kind: birth, death, move, correction."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    family_card_token: str
    """token of the family card (KK); the Kafka key"""
    person_token: str | None = None
    """token of the person number (NIK)"""
    previous_family_card_token: str | None = None
    """token of the family card the person leaves"""
    identity_token: str | None = None
    """token of name, birth date and mother's name together"""
    mother_token: str | None = None
    """token of the mother"""
    status: str = "registered"
    """reported by a village, or registered by Dukcapil"""
    report_id: str | None = None
    """event_id of the village's report that a registration confirms"""
    village: str | None = None
    """village of a birth, a death or a correction; destination of a move is destination_village"""
    origin_village: str | None = None
    """village the person moves from; null from abroad"""
    destination_village: str | None = None
    """village the person moves to; null to abroad"""
    move_class: str | None = None
    """within_village, within_district, within_regency, within_province, between_provinces, abroad"""
    persons: Int32 = 1
    """how many persons the change is about"""
    children_only: bool = False
    """a move of children without an adult"""
    address_token: str | None = None
    """token of the new address"""
    sex: str | None = None
    """L or P"""
    age_years: Int32 | None = None
    """age at the event, derived at the gateway"""
    mother_age_years: Int32 | None = None
    """the mother's age at a birth, derived at the gateway"""
    father_age_years: Int32 | None = None
    """the father's age at a birth, derived at the gateway"""
    nik_well_formed: bool | None = None
    """derived: sixteen digits, date possible, serial not 0000"""
    nik_region: str | None = None
    """derived: region code in the number (first registration)"""
    nik_region_known: bool | None = None
    """derived: that region existed when the number was issued"""
    nik_date_matches: bool | None = None
    """derived: date in the number equals the birth date"""
    nik_sex_matches: bool | None = None
    """derived: sex in the number equals the recorded sex"""
    operator_token: str | None = None
    """token of the operator who entered it"""
    changed_fields: list[str] = Field(default_factory=list)
    """for correction: names of the fields changed"""


class ActivityProgress(_Event):
    """Physical progress of an activity or a contract. kind: progress, handover."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    fiscal_year: Int32
    """budget year"""
    program: str = ""
    """program code"""
    activity: str = ""
    """activity code"""
    sub_activity: str
    """sub-activity code; with opd the Kafka key"""
    package_id: str | None = None
    """RUP number of the procurement package"""
    contract_number: str | None = None
    """contract the progress is of"""
    physical_bp: Int32
    """physical progress in basis points, 0 to 10000"""
    planned_bp: Int32 | None = None
    """planned progress at that date in basis points"""
    village: str | None = None
    """village code of the place"""
    latitude: float | None = None
    """degrees"""
    longitude: float | None = None
    """degrees"""
    photo_sha256: str | None = None
    """hash of the photo that shows it"""
    officer_token: str | None = None
    """token of the officer who reported"""


class Heartbeat(_Event):
    """A source says that it is alive. kind: heartbeat."""

    event_id: str
    """UUID of the event; a retry keeps it, so it identifies repeats"""
    source: str
    """URI reference of the system that sent it, for example /opd/2.18.01/perizinan (CloudEvents source)"""
    opd: str
    """department code (SIPD style, for example 2.18.01)"""
    occurred_at: Int64
    """when it happened, UTC milliseconds"""
    kind: str
    """what happened; a string, so that a new kind is no schema break"""
    mode: str = "live"
    """live, or backfill for history loaded afterwards"""
    corrects: str | None = None
    """event_id of the event of the same source that this one replaces"""
    correction_reason: str | None = None
    """why it replaces it, in the sender's words"""
    simulated: bool = False
    """true for everything the simulator made"""
    last_event_id: str | None = None
    """event_id of the last event it sent"""
    last_event_at: Int64 | None = None
    """occurred_at of that event"""
    events_sent: Int64 = 0
    """events sent since the source started"""


class Aggregate(_Event):
    """The absolute value of one aggregate key in one source partition; readers sum over partitions and take the highest version."""

    metric: str
    """name of the figure, for example revenue.received"""
    dimension: str
    """total, opd, account, village ..."""
    value: str = ""
    """value of the dimension, empty for total"""
    local_day: str
    """YYYY-MM-DD in the regency's time zone"""
    source_topic: str
    """topic the events came from"""
    source_partition: Int32
    """partition of that topic"""
    amount: Int64
    """the absolute value: rupiah, cases, persons, basis points or minutes"""
    version: Int64
    """rebuild number, next source offset and tick packed in order; the highest wins"""
    as_of: Int64
    """clock of the partition, UTC milliseconds"""
    published_at: Int64 = 0
    """publish time of the newest source record in it, UTC milliseconds"""
    simulated: bool = False
    """true where any event in it was simulated"""


class Evidence(_Event):
    """Evidence"""

    topic: str
    """topic"""
    partition: Int32
    """partition"""
    offset: Int64
    """offset"""
    event_id: str
    """event"""
    occurred_at: Int64
    """UTC milliseconds"""
    kind: str = ""
    """kind of the event"""


class Alert(_Event):
    """One revision of an indication that needs clarification; the highest revision of an alert_id stands."""

    alert_id: str
    """UUIDv5 of rule, subject and window"""
    revision: Int64
    """grows with every change of the same alert"""
    status: str
    """raised, escalated or withdrawn"""
    rule: str
    """rule id, for example P01"""
    rule_version: str
    """version of the rule's code"""
    domain: str
    """permits, revenue, budget, population or activities"""
    level: str
    """warning, breach or severe"""
    subject: str
    """what it is about; the Kafka key"""
    scope: str = ""
    """part of the subject, for example a step; empty for the whole"""
    permit_type: str | None = None
    """permit type, for permit rules"""
    opd: str = ""
    """department the source belongs to"""
    unit: str = ""
    """unit that must act"""
    level_at: Int64
    """when the level was reached, UTC milliseconds"""
    first_at: Int64
    """when the first level was reached, UTC milliseconds"""
    due_at: Int64 | None = None
    """deadline it was judged by, UTC milliseconds"""
    observed: float
    """observed value, in unit_of_measure"""
    threshold: float
    """threshold it passed, in unit_of_measure"""
    unit_of_measure: str
    """working_days, rupiah, persons ..."""
    sentence: str
    """one sentence in Indonesian that says what was seen"""
    withdrawn_reason: str | None = None
    """why it no longer stands"""
    evidence: list[Evidence] = Field(default_factory=list)
    """the events it rests on, at most 200"""
    evidence_total: Int32 = 0
    """how many events it rests on"""
    evidence_digest: str = ""
    """SHA-256 over all event ids in order"""
    excluded: list[str] = Field(default_factory=list)
    """what was left out, and why"""
    parameters: dict[str, str] = Field(default_factory=dict)
    """the rule's parameters as they were"""
    fence_id: str | None = None
    """fence of peers it was compared with"""
    profile_hash: str = ""
    """hash of the profile in force"""
    clock: Int64
    """clock of the partition when it was judged, UTC milliseconds"""
    published_at: Int64 = 0
    """publish time of the newest source record, UTC milliseconds"""
    mode: str = "live"
    """live or backfill"""
    simulated: bool = False
    """true where any event in it was simulated"""


class Disposition(_Event):
    """One step that a person took on an alert."""

    disposition_id: str
    """UUID"""
    alert_id: str
    """the alert it is about; the Kafka key"""
    occurred_at: Int64
    """UTC milliseconds"""
    state: str
    """received, review, examination, clarification, suspended, closed, reopened"""
    actor_token: str
    """token of the person who acted"""
    actor_role: str
    """role of that person"""
    code: str | None = None
    """disposition code when closing"""
    text: str = ""
    """explanation"""
    reference: str | None = None
    """assignment letter or report number"""
    simulated: bool = False
    """made by the simulator"""


#: Event class by schema name.
EVENTS: dict[str, type[BaseModel]] = {
    "permits.steps": PermitStep,
    "revenue.receipts": RevenueEvent,
    "budget.disbursements": BudgetEvent,
    "population.changes": PopulationChange,
    "activity.progress": ActivityProgress,
    "source.heartbeats": Heartbeat,
    "aggregates": Aggregate,
    "risk.alerts": Alert,
    "risk.dispositions": Disposition,
}
