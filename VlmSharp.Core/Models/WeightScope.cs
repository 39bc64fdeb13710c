using VlmSharp.Compute;

namespace VlmSharp.Models;

/// <summary>
/// Parameters under a path of the checkpoint: the path in the code is the tensor's name, so
/// <c>root["encoder"]["layers"][3].Weight("layer_norm1.weight")</c> asks for <c>encoder.layers.3.layer_norm1.weight</c>.
/// </summary>
internal readonly struct WeightScope(Func<string, Weight> load, string path)
{
    /// <summary>The scope one level down.</summary>
    public WeightScope this[string name] => new(load, $"{path}{name}.");

    /// <summary>The scope of a numbered layer.</summary>
    public WeightScope this[int index] => new(load, $"{path}{index}.");

    /// <summary>The parameter of that name in this scope.</summary>
    public Weight Weight(string name) => load(path + name);

    /// <summary>The matrix and bias of a linear layer.</summary>
    public Affine Affine(string name) => new(Weight(name + ".weight"), Weight(name + ".bias"));
}

/// <summary>A matrix or gain with its bias.</summary>
/// <param name="Weight">[out, in], or [features] of a norm.</param>
/// <param name="Bias">[out], or [features].</param>
internal readonly record struct Affine(Weight Weight, Weight Bias);
