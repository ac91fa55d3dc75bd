# SPDX-License-Identifier: BSD-3-Clause
"""Exercises 12 and 13, their answers, and the page for teachers: every command, as printed."""

import re
import unittest

from printed import duration, results
from typed import EXERCISES, ROOT, TypedTest, blocks, sections

ANSWERS, TEACHING = ROOT / "docs/answers.md", ROOT / "docs/teaching.md"
POINTS = re.compile(r"^points: (\d+) of (\d+)", re.M)


def points(output):
    return [(int(got), int(most)) for got, most in POINTS.findall(output)]


def questions_in(section):
    """The numbers of its questions; its heading has a number too."""
    return re.findall(r"^(\d)\. ", section.partition("\n")[2], re.M)


class CoursesTest(TypedTest):
    @classmethod
    def shells(cls):
        exercises = sections(EXERCISES)
        student = [("12", exercises["12"]), ("13", exercises["13"]),
                   ("answers", ANSWERS.read_text(encoding="utf-8"))]
        teacher = [("teaching", TEACHING.read_text(encoding="utf-8"))]
        return [[(f"Before-{n}", exercises["Before"]), *pieces, (f"When-{n}", exercises["When"])]
                for n, pieces in enumerate((student, teacher))]

    def test_nothing_fails_that_is_not_meant_to(self):
        grade = "1 timesync-lab grade"
        self.assert_failures({"12": [grade], "13": [grade], "teaching": 4 * [grade]})

    def test_nothing_is_left(self):
        self.assert_nothing_is_left()

    def test_the_skeletons_have_no_points_and_ours_have_all(self):
        self.assertEqual(points(self.output("12")), [(0, 100), (90, 90)])
        self.assertEqual(points(self.output("13")), [(0, 100), (100, 100)])

    def test_the_answers_have_all_points(self):
        output = self.output("answers")
        self.assertEqual(points(output), [(115, 115), (90, 90), (100, 100)])
        self.assertIn("Distributed systems, second assignment", output)
        self.assertNotIn("warning:", output)

    def test_teaching(self):
        output = self.output("teaching")
        self.assertEqual(points(output.partition("ada")[0]), [(90, 90)])
        query, sync, _after = results(output)
        for offset, bound in (query, sync):
            self.assertLessEqual(abs(offset - duration("3 s")), bound + duration("1 us"))
        self.assertEqual(re.findall(r"^(\w+): points: (\d+) of", output, re.M),
                         [("ada", "0"), ("grace", "0")])


class DocumentsTest(unittest.TestCase):
    def test_each_exercise_has_answers(self):
        wanted = [str(n) for n in range(1, 15)]
        self.assertEqual([*sections(EXERCISES)], ["Before", *wanted, "When"])
        answers = ANSWERS.read_text(encoding="utf-8").partition("## Answers\n")[2]
        for number in wanted:
            questions = questions_in(sections(EXERCISES)[number])
            answer = re.search(rf"^\*\*{number}\.\*\*(.*?)(?=^\*\*|^## |\Z)", answers,
                               re.M | re.S)[1]
            with self.subTest(number):
                self.assertIn(len(questions), (3, 4))
                self.assertEqual(re.findall(r"\((\d)\) ", answer), questions)

    def test_the_languages_have_the_same_commands_and_questions(self):
        portuguese = ROOT / "docs/exercises.pt.md"
        here, there = sections(EXERCISES), sections(portuguese)
        self.assertEqual([*there], ["Antes", *[str(n) for n in range(1, 15)], "Quando"])
        for (name, english), translated in zip(here.items(), there.values()):
            with self.subTest(name):
                self.assertEqual(blocks(translated), blocks(english))
                self.assertEqual(questions_in(translated), questions_in(english))


if __name__ == "__main__":
    unittest.main()
