"""The panel Sliders: a face under the hand."""
