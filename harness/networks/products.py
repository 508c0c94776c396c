"""How many numbers the layers of a network put out."""

from jax.extend.core import Jaxpr, jaxprs_in_params

_PRODUCTS = ("dot_general", "conv_general_dilated")


def numbers_put_out(program: Jaxpr) -> int:
    """Count the numbers that matrix products and convolutions of a program put out.

    Those of a scan as often as it steps; those of another loop once.
    """
    total = 0
    for equation in program.eqns:
        if equation.primitive.name in _PRODUCTS:
            total += sum(one.aval.size for one in equation.outvars)  # type: ignore[attr-defined]
        inner = sum(map(numbers_put_out, jaxprs_in_params(equation.params)))
        total += inner * equation.params.get("length", 1)
    return total
