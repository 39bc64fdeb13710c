using System.Reflection;
using VlmSharp.Compute;
using VlmSharp.Gpu.Kernels;
using VlmSharp.Gpu.Kernels.Products;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Operators;

namespace VlmSharp.Gpu.Tests.Kernels;

/// <summary>Compares the catalog of kernels with all kernels in the assembly.</summary>
public sealed class KernelCatalogTests
{
    private static readonly Type[] Types = typeof(GpuBackend).Assembly.GetTypes();

    [Fact]
    public void Names_are_unique()
    {
        Assert.Distinct(GpuOperators<TensorCore>.Kernels.Select(kernel => kernel.Name));
        Assert.Distinct(GpuOperators<PortableCore>.Kernels.Select(kernel => kernel.Name));
    }

    /// <summary>A kernel is identified by its method: one that names no core may be in only the other core's catalog.</summary>
    [Fact]
    public void No_kernel_is_missing()
    {
        HashSet<MethodInfo> known =
            [.. GpuOperators<TensorCore>.Kernels.Concat(GpuOperators<PortableCore>.Kernels).Select(kernel => kernel.Method)];
        IEnumerable<Kernel> all = Types.SelectMany(Closed).Where(IsLaunched).SelectMany(KernelsOf);
        string[] missing = [.. all.Where(kernel => !known.Contains(kernel.Method)).Select(kernel => kernel.Name)];
        Assert.Empty(missing);
    }

    /// <summary>The search finds known kernels, so it would notice a missing one.</summary>
    [Fact]
    public void The_search_finds_the_catalog()
    {
        HashSet<Kernel> found = [.. Types.SelectMany(Closed).Where(IsLaunched).SelectMany(KernelsOf)];
        Assert.Subset(found, GpuOperators<TensorCore>.Kernels.ToHashSet());
        Assert.Subset(found, GpuOperators<PortableCore>.Kernels.ToHashSet());
    }

    /// <summary>A type with every combination of type arguments that its constraints allow.</summary>
    private static IEnumerable<Type> Closed(Type type)
    {
        if (!type.IsGenericTypeDefinition) return [type];
        IEnumerable<Type[]> arguments = [[]];
        foreach (Type parameter in type.GetGenericArguments())
        {
            Type[] constraints = [.. parameter.GetGenericParameterConstraints().Where(c => c.IsInterface)];
            Type[] choices = constraints.Length == 0
                ? []
                : [.. Types.Where(t => t.IsValueType && !t.IsGenericType && constraints.All(c => c.IsAssignableFrom(t)))];
            arguments = [.. arguments.SelectMany(before => choices.Select(choice => (Type[])[.. before, choice]))];
        }

        return arguments.Select(a => type.MakeGenericType(a));
    }

    /// <summary>
    /// Not every combination is used: a core has only tiles of some sizes, and neither positions nor the operands of a weight's gradient
    /// are ever quantized.
    /// </summary>
    private static bool IsLaunched(Type type)
    {
        if (!type.IsGenericType) return true;
        Type definition = type.GetGenericTypeDefinition();
        Type[] arguments = type.GetGenericArguments();
        if (definition == typeof(PositionRows<>))
            return arguments[0] != typeof(Int8Format) && arguments[0] != typeof(Int4Format) && arguments[0] != typeof(Nf4Format);
        if (definition != typeof(TiledProduct<,,,>)) return true;
        Type activations = arguments[0] == typeof(TensorCore) ? typeof(BFloat16Format) : typeof(Float32Format);
        if (arguments[1] == typeof(ColumnsByColumns) && arguments[3] != activations) return false;
        int rows = (int)arguments[2].GetProperty(nameof(ITile.Rows))!.GetValue(null)!;
        return (arguments[0] == typeof(TensorCore) ? ProductKernels<TensorCore>.Tiles : ProductKernels<PortableCore>.Tiles).Contains(rows);
    }

    /// <summary>The kernels in static fields; a property has a backing field.</summary>
    private static IEnumerable<Kernel> KernelsOf(Type type) =>
        type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(field => field.FieldType.IsAssignableTo(typeof(Kernel))).Select(field => (Kernel)field.GetValue(null)!);
}
