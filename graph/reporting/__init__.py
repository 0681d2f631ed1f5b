"""The written report: what a graph tells, gathered and put into sections, a module a theme."""
