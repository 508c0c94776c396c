import os
if os.environ.get("T_FLAGS"): os.environ["XLA_FLAGS"]=os.environ["T_FLAGS"]
import jax
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
