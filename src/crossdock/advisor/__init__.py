"""Which operating model fits this landscape, overall and for each flow, with the arithmetic; reads the landscape and changes nothing."""
