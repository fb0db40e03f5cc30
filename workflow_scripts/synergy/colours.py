"""Colours that mean the same in every figure and page, told apart without colour vision (after Okabe and Ito)."""

SYNERGY, REDUNDANCY = "#D55E00", "#0072B2"  # orange and blue
NULL, INK, FAINT, UNDEFINED = "#7F7F7F", "#262626", "#B8B8B8", "#DDDDDD"
