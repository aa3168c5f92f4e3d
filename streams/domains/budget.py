"""Budget: ceiling, cash plan, realised spending and cash advances.

Definitions (PP 12/2019, Permendagri 77/2020; architecture.md "What the figures mean"). An advance (UP, TU) is cash in
a treasurer's hands and no spending until it is accounted for:

===========================  ==========  =========  =====================================================
event                        realised    advance    why
===========================  ==========  =========  =====================================================
sp2d LS                      + amount               paid to the payee
sp2d GU                      + amount               replenishes UP by what was spent and accounted: the
                                                    spending is counted here, and the balance of UP is
                                                    what it was
sp2d UP, sp2d TU                         + amount   an advance
accounting GU                                       the papers behind an SP2D-GU; counted with that SP2D
accounting TU                + amount    - amount   the advance was spent
accounting UP                + amount    - amount   the last accounting of a year, not replenished (GU nihil)
return UP, return TU                     - amount   what was left of the advance
return LS, return GU         - amount               spending paid back
reversal LS, reversal GU     - amount               the SP2D is undone
reversal UP, reversal TU                 - amount   the SP2D is undone
===========================  ==========  =========  =====================================================

``disbursement_type`` must be given on sp2d, accounting, return and reversal: for a return or a reversal it is the
type of the SP2D that ``refers_to`` names. Other kinds (spd, spp, spm, package) are no figure here.

A ceiling is approved by APBD, SHIFT or APBD-P; RKPD, KUA-PPAS and RAPBD are plans and no ceiling. Per line (year,
department, sub-activity, account, fund, village) the latest stands: SHIFT and APBD-P come after APBD, then the later
``occurred_at`` wins, then the event id. A stage repeats a line with the same fund and village, with its whole new
amount. It is kept as differences on the days of its versions. The cash plan is that of the latest version that
carries one (twelve months), on the first day of each month.

All figures belong to their fiscal year: a day before or after it is its first or last day.
"""
