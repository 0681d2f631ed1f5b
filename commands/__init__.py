"""One command a question: options, call, print. A module a theme."""
