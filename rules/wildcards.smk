# Needs all rules. Gives the wildcard vocabulary; it comes last, since Snakemake leaves out constraints that were known
# before an output named by the register (`"<math_shard>"`) was.


wildcard_constraints:
    model=r"[a-z0-9][a-z0-9.-]*",
    order=r"[a-z_0-9-]+",
    variant=r"[a-z0-9_]+",
    condition=r"[a-z0-9.-]+",
