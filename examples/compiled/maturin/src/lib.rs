//! Counts words without making them.
use pyo3::prelude::*;

/// Return how many words a text has.
#[pyfunction]
fn count(text: &str) -> usize {
    text.split(' ').filter(|word| !word.is_empty()).count()
}

#[pymodule]
fn _count(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(count, module)?)
}
