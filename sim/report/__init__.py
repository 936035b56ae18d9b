"""One story to html, pdf and pptx: the question, the answer and how sure it is, what would change it, its limits."""
