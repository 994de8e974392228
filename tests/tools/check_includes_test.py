"""Each rule of tools/check_includes.py is broken once in a small tree and has to be reported."""
import unittest

from tree import Tree

SCRIPT = "check_includes.py"


class IncludeDirections(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(self)
        self.tree.write("src/base/error.h", "#include <string>\n")
        self.tree.write("src/engine/engine.cc", '#include "engine/engine.h"\n#include "base/error.h"\n')
        self.tree.write("src/engine/engine.h", "")
        self.tree.write("tests/engine/engine_test.cc", '#include "engine/engine.h"\n#include "support/models.h"\n')
        self.tree.write("tests/support/models.h", '#include "engine/engine.h"\n')

    def test_a_clean_tree_passes(self):
        self.assertEqual(self.tree.run(SCRIPT), (0, ""))

    def test_an_include_that_points_up_is_named(self):
        self.tree.write("src/base/error.h", '// one\n#include "engine/engine.h"\n')
        status, output = self.tree.run(SCRIPT)
        self.assertEqual(status, 1)
        self.assertIn("src/base/error.h:2: base may not include engine", output)

    def test_an_include_in_a_nested_folder_counts_for_its_folder(self):
        self.tree.write("src/base/posix/file.cc", '  #  include "engine/engine.h"\n')
        self.assertIn("src/base/posix/file.cc:1: base may not include engine", self.tree.run(SCRIPT)[1])

    def test_an_include_relative_to_the_file_is_refused(self):
        self.tree.write("src/engine/engine.cc", '#include "engine.h"\n')
        self.assertIn('"engine.h" starts with no folder of src', self.tree.run(SCRIPT)[1])

    def test_an_own_header_in_angle_brackets_is_refused(self):
        self.tree.write("src/engine/engine.cc", "#include <base/error.h>\n")
        self.assertIn("<base/error.h> is the project's own", self.tree.run(SCRIPT)[1])

    def test_a_folder_outside_the_list_is_refused(self):
        self.tree.write("src/helpers/a.h", "")
        self.assertIn("src/helpers: not in the list", self.tree.run(SCRIPT)[1])

    def test_a_file_outside_every_folder_is_refused(self):
        self.tree.write("src/main.cc", "")
        self.assertIn("src/main.cc: a source file outside every folder", self.tree.run(SCRIPT)[1])

    def test_a_folder_of_tests_needs_a_folder_in_src(self):
        self.tree.write("tests/model/model_test.cc", "")
        self.assertIn("tests/model: no folder of that name in src", self.tree.run(SCRIPT)[1])

    def test_a_test_may_look_one_level_up_and_no_further(self):
        self.tree.write("src/format/gguf.h", "")
        self.tree.write("src/tokenizer/tokenizer.h", "")
        self.tree.write("src/chat/template.h", "")
        self.tree.write("tests/format/gguf_test.cc", '#include "tokenizer/tokenizer.h"\n')
        self.assertEqual(self.tree.run(SCRIPT)[0], 0)
        self.tree.write("tests/format/gguf_test.cc", '#include "chat/template.h"\n')
        self.assertIn("a test of format may not include chat", self.tree.run(SCRIPT)[1])


if __name__ == "__main__":
    unittest.main()
