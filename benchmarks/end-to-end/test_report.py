"""python3 -m unittest discover -s benchmarks/end-to-end"""
import os
import tempfile
import unittest

import report

TITLES = {"tapswitch": "tapswitch", "tapswitch-2": "two", "bridge": "bridge", "ovs": "ovs"}


def result(number, contender, value, metric="tcp1", foreign=0.0, **more):
    return {"round": number, "metric": metric, "contender": contender, "value": value, "foreign_percent": foreign} | more


class ReportTest(unittest.TestCase):
    def test_a_ratio_is_taken_within_a_round_and_not_between_medians(self):
        results = [result(1, "tapswitch", 10), result(1, "bridge", 10), result(2, "tapswitch", 20),
                   result(2, "bridge", 20), result(3, "tapswitch", 5), result(3, "bridge", 50)]
        self.assertEqual(sorted(report.ratios(report.clean(results, "tcp1")[0], "tapswitch", "bridge")), [0.1, 1, 1])

    def test_says_missed_below_the_bar_and_reached_at_it(self):
        for value, reached, verdict in ((8.4, False, "MISSED"), (8.5, True, "bar reached"), (10, True, "aim reached")):
            results = [r for n in (1, 2, 3) for r in (result(n, "tapswitch", value), result(n, "bridge", 10))]
            rows, answer = report.verdicts(results, TITLES)
            self.assertEqual((answer, rows[1][-1]), (reached, verdict))

    def test_a_single_reordered_datagram_misses_the_bar(self):
        results = [r for n in (1, 2, 3) for r in (result(n, "tapswitch", 30, "udp64", reordered=n // 3),
                                                  result(n, "bridge", 10, "udp64"))]
        self.assertFalse(report.verdicts(results, TITLES)[1])

    def test_a_ratio_without_a_bar_is_shown_and_decides_nothing(self):
        titles = {"tapswitch-masquerade": "ours", "nft-masquerade": "theirs"}
        results = [r for n in (1, 2, 3) for r in (result(n, "tapswitch-masquerade", 1, "connects"),
                                                  result(n, "nft-masquerade", 10, "connects"))]
        rows, answer = report.verdicts(results, titles)
        self.assertEqual((answer, rows[1][1:]), (True, ["0.1 (0.1-0.1)", "-", "-", "-"]))

    def test_a_wait_has_a_limit_of_its_own_and_nothing_may_be_lost(self):
        titles = {"tapswitch-names": "ours"}
        for wait, lost, reached in ((0.9, 0, True), (1.1, 0, False), (0.1, 1, False)):
            results = [result(n, "tapswitch-names", wait, "names_wait", lost=lost) for n in (1, 2, 3)]
            self.assertEqual(report.verdicts(results, titles)[1], reached)

    def test_a_contender_that_is_not_there_is_no_bar(self):
        results = [result(1, "bridge", 10), result(1, "ovs", 1)]
        self.assertEqual(report.verdicts(results, TITLES), ([], True))

    def test_drops_a_disturbed_round_for_all_contenders(self):
        results = [r for n in range(1, 5) for r in (result(n, "tapswitch", 1 if n == 4 else 10), result(n, "bridge", 10))]
        results[-1]["foreign_percent"] = 90.0
        self.assertEqual(report.ratios(report.clean(results, "tcp1")[0], "tapswitch", "bridge"), [1, 1, 1])
        self.assertIn("1 of 4 rounds dropped", report.noise(results)[0])

    def test_says_so_when_too_few_rounds_were_quiet(self):
        results = [result(n, "bridge", 10, foreign=80.0) for n in (1, 2, 3)]
        self.assertEqual(len(report.values(report.clean(results, "tcp1")[0], "bridge")), 3)
        self.assertIn("not reliable", report.noise(results)[0])

    def test_record_replaces_only_what_is_between_the_marks(self):
        with tempfile.TemporaryDirectory() as directory:
            page = os.path.join(directory, "performance.md")
            with open(page, "w") as file:
                file.write(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
            for header in ("first", "second"):
                report.record(page, header, [[["a", "b"], ["1", "2"]], []], ["a note"])
            with open(page) as file:
                text = file.read()
        self.assertTrue(text.startswith("before\n") and text.endswith("\nafter\n"))
        self.assertIn("second\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- a note", text)
        self.assertNotIn("old", text)
        self.assertNotIn("first", text)


if __name__ == "__main__":
    unittest.main()
