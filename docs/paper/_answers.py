"""The twelve questions, each with the answer of its report, where there is one."""

from dataclasses import dataclass
from typing import Any

from _tables import Reports


@dataclass(frozen=True)
class Question:
    """A question by number: its report, the table whose column n counts replicates, its null."""

    number: str
    report: str
    table: str
    asked: str
    beside: str


QUESTIONS = (
    Question("Q0", "published", "against_published", "Does the published result repeat?",
             "`published`, `layered`, `degree`; no graphs of unequal degrees"),
    Question("Q1", "pruners", "small_outcomes", "Do other pruners leave other motifs?",
             "`layered`, `degree`; `random`, `shuffled` masks"),
    Question("Q2", "architectures", "changes", "Do architecture and view decide?",
             "`masks`; `random` pruner"),
    Question("Q3", "function", "slopes", "Do motifs matter for function?",
             "`degree`; sham swaps, matched edges"),
    Question("Q4", "tasks", "accuracies", "Does the profile identify the task?",
             "`degree`; random and shuffled masks"),
    Question("Q5", "orders", "strengths", "Do motifs above order 3 add anything?",
             "`degree`; draws of the null, planted excess"),
    Question("Q6", "scale", "comparisons", "What do thousands of networks cost?",
             "none: nothing random; 1,000 networks again"),
    Question("Q7", "schedules", "distances", "Does the schedule decide?",
             "`layered`; another order of batches, drawn degrees"),
    Question("Q8", "brains", "losses", "Are brains wired like pruned networks?",
             "`degree`, `layered`; graphs of unequal degrees, random masks"),
    Question("Q9", "frozen-ends", "comparisons", "What if the ends are not pruned?",
             "`layered`, `degree`; all layers pruned alike"),
    Question("Q10", "time-course", "jumps", "Smooth or abrupt, and when?",
             "`layered`, `degree`; drawn degrees, graphs of unequal degrees"),
    Question("Q11", "training", "comparisons", "Do initialisation and training decide?",
             "`layered`, `degree`"),
)  # fmt: skip


def answers(reports: Reports) -> list[dict[str, Any]]:
    """Return number, title, verdict, n and nulls of each question; no verdict without a report."""
    return [_answered(one, reports) for one in QUESTIONS]


def designed(reports: Reports) -> int:
    """Return how many questions have a design that was committed before the run."""
    return sum(reports.designed(one.report) for one in QUESTIONS)


def rules(reports: Reports) -> list[dict[str, str]]:
    """Return the rules of which each report says how it keeps them."""
    table = reports.table(QUESTIONS[-1].report, "rules")
    return table[["rule", "asked"]].to_dict("records")


def _answered(question: Question, reports: Reports) -> dict[str, Any]:
    answer = reports.answer(question.report)
    shown = {"number": question.number, "title": question.asked, "beside": question.beside}
    if answer is None:
        return {**shown, "verdict": "", "n": None}
    n = reports.table(question.report, question.table)["n"].max() if question.table else None
    return {**shown, "title": answer["title"], "verdict": answer["verdict"], "n": n}
