"""Each rule of tools/check_files.py is broken once in a small tree and has to be reported."""
import subprocess
import unittest

from tree import Tree

SCRIPT = "check_files.py"


class RepositoryFiles(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(self)
        self.tree.write("src/model/families/llama.cc", "const char* kName = \"llama\";\n")
        self.tree.write("src/model/registry.cc", "AddLlama();\n")
        self.tree.write("src/model/decoder.cc", "// as Llama 3 does\nint x;\n")

    def report(self):
        status, output = self.tree.run(SCRIPT)
        self.assertEqual(status, 1)
        return output

    def test_a_clean_tree_passes(self):
        self.assertEqual(self.tree.run(SCRIPT), (0, ""))

    def test_a_source_file_of_601_lines_is_too_long(self):
        self.tree.write("src/base/long.cc", "\n" * 600)
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)
        self.tree.write("src/base/long.cc", "\n" * 601)
        self.assertIn("src/base/long.cc: 601 lines", self.report())

    def test_a_file_over_a_mebibyte_is_too_big_unless_it_is_test_data(self):
        self.tree.write("tests/data/big.bin", "a" * (2 << 20))
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)
        self.tree.write("docs/big.bin", "a" * ((1 << 20) + 1))
        self.assertIn("docs/big.bin: 1048577 bytes", self.report())

    def test_a_family_is_named_in_its_file_and_the_registry_only(self):
        self.tree.write("src/model/decoder.cc", "/* one\n two */\nif (name == \"Llama3\") {}\n")
        self.assertIn("src/model/decoder.cc:3: names a model family", self.report())

    def test_two_types_of_one_name_are_found(self):
        self.tree.write("src/base/a.h", "namespace candor {\nstruct Same {\n};\nstruct Same::Part {\n};\n}\n")
        self.tree.write("src/base/b.h", "namespace candor::other {\nclass Same {\n};\n}\n")
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)
        self.tree.write("src/base/c.h", "namespace candor {\nclass Same : Base {\n};\n}\n")
        self.assertIn("src/base/c.h: Same is defined in src/base/a.h too", self.report())

    def test_unfinished_work_is_found(self):
        self.tree.write("src/base/a.cc", "// TO" "DO: later\n")
        self.assertIn("src/base/a.cc:1: a mark of unfinished work", self.report())

    def test_a_path_of_one_machine_is_found(self):
        self.tree.write("tools/script", "cd /ho" "me/somebody/candor\n")
        self.assertIn("tools/script:1: a path of one machine", self.report())

    def test_a_link_that_leads_nowhere_is_found(self):
        self.tree.write("docs/a.md", "See [it](b.md#part), [this](../src/model/registry.cc) and [that](https://x.org/y).\n")
        self.assertIn("docs/a.md: links to b.md", self.report())
        self.tree.write("docs/b.md", "")
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)

    def test_a_document_names_files_that_are_there(self):
        self.tree.write("README.md", "Run `tools/setup build`; read `src/model/registry.cc`.\n")
        self.assertIn("README.md: names tools/setup", self.report())

    def test_ignored_files_do_not_count_and_new_ones_do(self):
        subprocess.run(["git", "init", "-q", self.tree.root], check=True)
        self.tree.write(".gitignore", "/build/\n")
        self.tree.write("build/generated.cc", "\n" * 601)
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)
        self.tree.write("src/base/new.cc", "\n" * 601)
        self.assertIn("src/base/new.cc: 601 lines", self.report())


if __name__ == "__main__":
    unittest.main()
