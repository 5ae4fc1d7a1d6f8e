//! Logto's own alterations, as components of examples/logto: deployed by the runner, and by Logto's own tool.

mod alike;
mod chain;
mod component;
mod failures;
mod gate;
mod keys;
mod original;
mod place;
mod story;

use alteration_test_support as support;
