"""A change of what is derived from the same bytes must come with a new build, or old and new rows would mix."""

import hashlib
from dataclasses import astuple

from pampax.codeintel.grams import gram_bitmap
from pampax.codeintel.languages import language_of
from pampax.codeintel.parse import analyse
from pampax.indexing.run.build import DERIVATION_VERSION
from pampax.indexing.run.derive import embedded_text

SAMPLES = {
    "shop/cart.py": '"""A cart."""\nimport os\n\n\nclass Cart:\n    """Holds items."""\n\n'
    "    def add_item(self, item):\n"
    "        self.items.append(item)\n\n\ndef total_price(cart):\n    return sum(cart.items)\n",
    "web/app.ts": "export interface User { id: number }\n\nexport function loadUser(id: number): User {\n"
    "  // fetches it\n  return { id };\n}\n",
    "cmd/main.go": "package main\n\n// Run starts it.\nfunc Run(args []string) error {\n\treturn nil\n}\n",
    "src/list.h": "#ifndef LIST_H\nstruct node { int value; };\nint list_length(const struct node *head);\n#endif\n",
    "lib/mod.rs": "/// Counts.\npub fn count_words(text: &str) -> usize {\n    text.split(' ').count()\n}\n",
    "lib/cart.rb": "module Shop\n  # Holds items.\n  class Cart\n    attr_reader :items\n\n    private\n\n"
    "    def add(item)\n      items << item\n    end\n  end\nend\n",
    "README.md": "# Title\n\nSome words about parseHTTPRequest and snake_case_names.\n",
}
EXPECTED = {5: "31e40c1e53e2e37a"}


def test_derived_rows_stay_the_same_within_a_version() -> None:
    """When this fails after a change on purpose: raise DERIVATION_VERSION in run/build.py and enter the new digest."""
    digest = hashlib.sha256()
    for path, text in SAMPLES.items():
        analysis = analyse(language_of(path, text.encode()), text.encode())
        terms = [sorted(counts.items()) for counts in (*analysis.chunk_terms, *analysis.name_terms)]
        texts = [embedded_text(chunk) for chunk in analysis.parsed.chunks]
        digest.update(repr((astuple(analysis.parsed), terms, texts, gram_bitmap(text.encode()))).encode())
    assert digest.hexdigest()[:16] == EXPECTED[DERIVATION_VERSION]
