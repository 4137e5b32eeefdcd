"""What a person takes away: recipes in files, programs, and taking a dropped file up again."""
