"""The credentials this hub uses: whose, how old, when next renewed, last used; stored from the browser, and never shown."""
