// Points [x, y], and how one set of them is best taken to another.

export const minus = (p, q) => [p[0] - q[0], p[1] - q[1]];
export const plus = (p, q) => [p[0] + q[0], p[1] + q[1]];
export const times = (p, factor) => [p[0] * factor, p[1] * factor];
export const cross = (p, q) => p[0] * q[1] - p[1] * q[0];
export const square = (p) => p[0] * p[0] + p[1] * p[1];
export const dot = (p, q) => p.reduce((sum, value, index) => sum + value * q[index], 0);
export const middle = (points) =>
  points[0].map((_, axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length);

/** The turn, scale and shift (without reflection) that best takes `source` to `target`, as a function. */
export function similarity(source, target) {
  const [from, to] = [middle(source), middle(target)];
  const [a, b] = [source.map((p) => minus(p, from)), target.map((p) => minus(p, to))];
  const sum = (term) => a.reduce((total, p, index) => total + term(p, b[index]), 0);
  const total = sum((p) => square(p)) || 1; // both points in one place: nothing can be said
  const cosine = sum((p, q) => p[0] * q[0] + p[1] * q[1]) / total;
  const sine = sum(cross) / total;
  return (point) => {
    const [x, y] = minus(point, from);
    return [cosine * x - sine * y + to[0], sine * x + cosine * y + to[1]];
  };
}

/** The weights of the columns that best give the values, small where `ridge` is large. */
export function leastSquares(rows, values, ridge) {
  const matrix = ridge.map((extra, i) =>
    ridge.map((_, j) => rows.reduce((sum, row) => sum + row[i] * row[j], i === j ? extra : 0)),
  );
  const right = ridge.map((_, i) => rows.reduce((sum, row, k) => sum + row[i] * values[k], 0));
  for (let i = 0; i < right.length; i++) {
    for (let j = i + 1; j < right.length; j++) {
      const factor = matrix[j][i] / matrix[i][i]; // never 0: the matrix is positive definite
      for (let k = i; k < right.length; k++) matrix[j][k] -= factor * matrix[i][k];
      right[j] -= factor * right[i];
    }
  }
  for (let i = right.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < right.length; k++) right[i] -= matrix[i][k] * right[k];
    right[i] /= matrix[i][i];
  }
  return right;
}
