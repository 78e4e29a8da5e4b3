"""The review board: who must agree to a change of the landscape, upon which evidence, and until when; pure, asks nobody."""
