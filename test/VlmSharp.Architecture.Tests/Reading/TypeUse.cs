namespace VlmSharp.Architecture.Tests.Reading;

/// <summary>A type of an assembly. Types nested in it, in the source or by the compiler, count as this type.</summary>
/// <param name="Assembly">The assembly's name.</param>
/// <param name="Namespace">Its namespace, empty for none.</param>
/// <param name="Name">Its name, without the count of type parameters.</param>
internal sealed record TypeName(string Assembly, string Namespace, string Name);

/// <summary>A use: one type names another.</summary>
/// <param name="User">The type that names.</param>
/// <param name="Member">The method, field, property or event that names it; null for the head of the declaration.</param>
/// <param name="Used">The type that is named.</param>
/// <param name="UsedMember">The method or field that is named; null if it is the type itself.</param>
internal sealed record TypeUse(TypeName User, string? Member, TypeName Used, string? UsedMember)
{
    /// <summary>The use as a sentence for messages.</summary>
    public override string ToString()
    {
        string used = UsedMember is null or MemberNames.Constructor ? Used.Name : $"{Used.Name}.{UsedMember}";
        return $"{User.Name} uses {used} in {Member ?? "its declaration"}";
    }
}
