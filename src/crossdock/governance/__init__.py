"""How a reviewed landscape becomes what runs: bundles, signatures, promotion; runs nothing itself."""
