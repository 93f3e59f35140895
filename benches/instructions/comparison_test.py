"""What counts as a finding, and what it is told as."""

import unittest

from comparison import TOLERANCE, differences


class ComparisonTest(unittest.TestCase):
    def test_what_stays_within_the_tolerance_is_no_finding(self):
        kept = {"hold": 1000.0}
        for count in (1000.0, 1000.0 * (1 + TOLERANCE), 1000.0 * (1 - TOLERANCE)):
            self.assertEqual(differences(kept, {"hold": count}), [], count)

    def test_slower_is_a_finding_with_old_new_and_percent(self):
        found = differences({"hold": 1000.0, "confirm": 10.0}, {"hold": 1040.0, "confirm": 10.0})
        self.assertEqual(found, ["hold: 1,000 → 1,040 instructions, +4.0%: slower"])

    def test_faster_is_one_too(self):
        (found,) = differences({"hold": 1000.0}, {"hold": 900.0})
        self.assertRegex(found, r"^hold: 1,000 → 900 instructions, -10.0%: faster. Renew")

    def test_a_subject_that_only_one_side_has_is_one(self):
        self.assertEqual(len(differences({"hold": 1.0}, {"release": 1.0})), 2)


if __name__ == "__main__":
    unittest.main()
