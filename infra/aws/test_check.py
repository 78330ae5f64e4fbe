"""What `check.py` says of machines and accounts that lack something."""

import unittest

import check


class Machines(unittest.TestCase):
    def test_an_old_python_is_told_before_pip_fails(self):
        (said,) = check.python((3, 9, 2), has_venv=True)
        self.assertIn("Python 3.9", said)
        self.assertIn("3.11 or later", said)
        self.assertEqual(check.python((3, 11, 0), has_venv=True), [])
        self.assertIn("python3-venv", check.python((3, 13, 1), has_venv=False)[0])

    def test_a_machine_without_a_c_compiler_is_told_how_to_get_one(self):
        (said,) = check.machine({"cargo", "rustup", "aws"}.__contains__)
        self.assertIn("build-essential", said)
        self.assertEqual(check.machine({"clang", "cargo", "rustup", "aws"}.__contains__), [])
        self.assertEqual(len(check.machine(lambda _: None)), 3)

    def test_rust_must_be_able_to_build_for_the_functions_processor(self):
        self.assertIn("rustup target add aarch64-unknown-linux-gnu", check.rust_target("arm64", ["x86_64-unknown-linux-gnu"])[0])
        self.assertEqual(check.rust_target("x86_64", ["x86_64-unknown-linux-gnu"]), [])


class Accounts(unittest.TestCase):
    def test_a_small_account_is_told_before_it_rolls_back(self):
        yes = dict(check.DEFAULTS, ReserveConcurrency="yes")
        (said,) = check.quota(yes, unreserved=10, reserves_already=False)
        self.assertIn("needs 115", said)
        self.assertEqual(check.quota(yes, unreserved=115, reserves_already=False), [])
        self.assertEqual(check.quota(yes, unreserved=100, reserves_already=True), [])
        self.assertEqual(check.quota(check.DEFAULTS, unreserved=10, reserves_already=False), [])

    def test_arm64_is_not_for_china_and_a_left_table_is_named(self):
        self.assertTrue(check.region("cn-north-1", "arm64"))
        self.assertFalse(check.region("cn-north-1", "x86_64"))
        self.assertIn("s-Table-1", check.left_behind(["s-Table-1"], stack_is_there=False)[0])
        self.assertEqual(check.left_behind(["s-Table-1"], stack_is_there=True), [])

    def test_the_defaults_are_the_templates(self):
        with open(check.__file__.replace("infra/aws/check.py", "template.yaml"), encoding="utf-8") as file:
            template = file.read()
        for name, value in check.DEFAULTS.items():
            declared = template.split("\n  {0}:\n".format(name))[1].split("    Default: ")[1].split("\n")[0]
            self.assertEqual(declared.strip('"'), value, name)


if __name__ == "__main__":
    unittest.main()
