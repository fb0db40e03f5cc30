# Needs all rules. Gives the wildcard vocabulary; it comes last, since Snakemake leaves out constraints that were known
# before an output named by the register (`"<math_shard>"`) was.


wildcard_constraints:
    model=r"[a-z0-9][a-z0-9.-]*",
    order=r"(mean-)?[a-z_]+-\d+",
    variant=r"[a-z0-9_]+",
    condition=r"baseline|(synergistic|redundant|random)-[0-9.]+-\d+",
