"""What explanations are made by: each rule looks at a Diff for one kind of cause; `explain.RULES` lists them."""
