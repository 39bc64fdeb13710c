using VlmSharp.Compute;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Training.Gradients;

/// <summary>
/// The gradients of a backward pass. A matrix's gradient is kept until the operator that produced the matrix has read it, a parameter's
/// gradient until the optimizer step.
/// </summary>
/// <param name="backend">Runs the operators of the chain rules.</param>
/// <param name="trained">The parameters that need a gradient.</param>
/// <param name="wanted">The matrices that depend on a trained parameter.</param>
internal sealed class GradientSums(IComputeBackend backend, HashSet<Weight> trained, HashSet<Matrix> wanted) : IGradients
{
    private readonly Dictionary<Matrix, Matrix> matrices = [];
    private readonly Dictionary<Weight, Matrix> parameters = [];
    private readonly Dictionary<Weight, int> expected = []; // how many more operators will add to it in this pass
    private Action<Weight>? ready;

    /// <inheritdoc/>
    public IComputeBackend Backend => backend;

    /// <inheritdoc/>
    public bool Wants(Matrix x) => x.HasValue && wanted.Contains(x);

    /// <inheritdoc/>
    public bool Wants(Weight? weight) => weight is not null && trained.Contains(weight);

    /// <inheritdoc/>
    public void Add(Matrix x, Matrix gradient)
    {
        if (!gradient.SameShape(x)) throw new InvalidOperationException($"A gradient {gradient} came for a matrix {x}.");
        if (!matrices.Remove(x, out Matrix before))
        {
            matrices.Add(x, gradient);
            return;
        }

        using (before)
        using (gradient) matrices.Add(x, backend.Add(before, gradient));
    }

    /// <inheritdoc/>
    public void Add(Weight weight, Func<Matrix, Matrix> add)
    {
        Matrix sum = add(Of(weight));
        if (sum.Rows != weight.Rows || sum.Columns != weight.Columns)
            throw new InvalidOperationException($"A gradient {sum} came for {weight}.");
        Replace(weight, sum);
        if (expected.TryGetValue(weight, out int left) && (expected[weight] = left - 1) == 0) ready?.Invoke(weight);
    }

    /// <summary>One more operator of this pass reads the parameter.</summary>
    public void Expect(Weight weight)
    {
        if (Wants(weight)) expected[weight] = expected.GetValueOrDefault(weight) + 1;
    }

    /// <summary>Begins a backward pass.</summary>
    public void Begin(Action<Weight>? listener) => ready = listener;

    /// <summary>Takes the gradient of a matrix out; <c>default</c> where none came.</summary>
    public Matrix Take(Matrix x) => matrices.Remove(x, out Matrix gradient) ? gradient : default;

    /// <summary>The sum for a parameter, or <c>default</c>.</summary>
    public Matrix Of(Weight weight) => parameters.GetValueOrDefault(weight);

    /// <summary>Takes the sum for a parameter out; <c>default</c> where there is none.</summary>
    public Matrix TakeOf(Weight weight) => parameters.Remove(weight, out Matrix sum) ? sum : default;

    /// <summary>Puts another sum in its place.</summary>
    public void Replace(Weight weight, Matrix gradient)
    {
        Of(weight).Dispose();
        parameters[weight] = gradient;
    }

    /// <summary>Ends a complete pass: parameters whose last reader did not affect the loss are ready too.</summary>
    public void Finish()
    {
        foreach ((Weight weight, int left) in expected)
            if (left > 0) ready?.Invoke(weight);
    }

    /// <summary>Ends a pass, also a failed one, and releases the gradients that nobody has read.</summary>
    public void End()
    {
        foreach (Matrix gradient in matrices.Values) gradient.Dispose();
        matrices.Clear();
        expected.Clear();
        ready = null;
    }

    /// <summary>Drops the sums of all parameters.</summary>
    public void Clear()
    {
        foreach (Matrix sum in parameters.Values) sum.Dispose();
        parameters.Clear();
    }
}
