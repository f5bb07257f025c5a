"""The lists beside the rules: purposes, activities, statutes, waivers, tainted models."""
