"""What needs no database is tested without one; `runner test` runs up and down on a real one."""

import unittest

from slug import slug_of


class Slugs(unittest.TestCase):
    def test_words_are_joined(self):
        for title, slug in [("To do", "to-do"), ("  It's -- done! ", "it-s-done"), ("", "")]:
            self.assertEqual(slug_of(title), slug)
