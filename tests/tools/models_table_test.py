"""The tables of docs/models.md are what the program computes.

    models_table_test.py CANDOR
"""
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import make_models_table  # noqa: E402

CANDOR = pathlib.Path(sys.argv.pop(1)).resolve()


class ModelsTable(unittest.TestCase):
    def test_every_row_is_in_the_document_and_no_other(self):
        document = (ROOT / "docs/models.md").read_text(encoding="utf-8").splitlines()
        computed = make_models_table.tables(CANDOR)
        self.assertEqual([len(table) - 2 for table in computed], [len(make_models_table.MODELS)] * 2 + [3])
        for table in computed:
            self.assertIn(table[0], document)
            first = document.index(table[0])
            self.assertEqual(document[first:first + len(table) + 1], [*table, ""])

    def test_the_text_says_what_the_program_says(self):
        text = (ROOT / "docs/models.md").read_text(encoding="utf-8")
        found = make_models_table.plan(CANDOR, "deepseek-r1", make_models_table.SERVER)
        for key in ("attention_operations", "unfolded_attention_operations"):
            self.assertIn(f"= {found[key]:,}", text)
        self.assertIn(f"{found['prediction_parameters'] / 1e9:.1f} billion parameters", text)

    def test_the_readme_shows_what_the_command_prints(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        command = re.search(r"\n    candor plan DeepSeek-R1/config.json (.*)\n\n((?:    .*\n|\n)+)", readme)
        shown = subprocess.run([CANDOR, "plan", make_models_table.CONFIGS / "deepseek-r1.json", *command.group(1).split()],
                               check=True, capture_output=True, text=True, timeout=60).stdout
        self.assertIn(re.sub(r"(?m)^    ", "", command.group(2)).strip(), shown)


if __name__ == "__main__":
    unittest.main()
