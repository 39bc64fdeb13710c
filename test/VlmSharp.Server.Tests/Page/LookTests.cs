using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>
/// The page in every state, at a phone's width, in both themes: nothing sticks out, every text is readable and every control has a name
/// (WCAG 2.2 AA).
/// </summary>
[Collection(BrowserTests.Name)]
public sealed class LookTests(BrowserFixture browser)
{
    /// <summary>States of the page: a name, the address, and whether something is run.</summary>
    public static TheoryData<string, string, bool> States => new()
    {
        { "empty", "", false },
        { "caption", "#task=caption&sample=car-key", true },
        { "ask", "#task=ask&question=what is below the car%3F&sample=car-key", true },
        { "detect", "#task=detect&things=car ; key&sample=car-key", true },
        { "segment", "#task=segment&things=car&sample=car-key", true },
        { "prompt", "#task=prompt&words=detect car&sample=car-key", true },
        { "compare", "#task=detect&things=car&things2=key&sample=car-key&compare=1", true },
        { "error", "#task=ask&question=fail&sample=car-key", true },
        { "busy", "#task=ask&question=busy&sample=car-key", true },
        { "docs", "docs", false },
    };

    [ChromiumTheory]
    [MemberData(nameof(States))]
    public async Task A_state_of_the_page_has_names_and_contrast_in_both_themes_and_fits_a_phone(string name, string address, bool run)
    {
        await using ScriptedServer server = await StartAsync(AnswerAsync);
        await browser.UseAsync(server.Origin, async page =>
        {
            if (run)
            {
                foreach (ILocator button in await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).AllAsync())
                    await button.ClickAsync();
                int lanes = await page.Locator(".lane").CountAsync();
                await Assertions.Expect(page.Locator(".figures, .failure")).ToHaveCountAsync(lanes);
            }

            if (address == "docs") await Assertions.Expect(page.Locator(".route").First).ToBeVisibleAsync();
            await ExpectNamesAsync(page);
            await ExpectContrastAsync(page);
            await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark });
            await ExpectContrastAsync(page);
            await page.SetViewportSizeAsync(360, 740);
            await ExpectFitAsync(page);
            await ExpectNamesAsync(page);
        }, new PageView { Address = address, RequestsFail = true, Screenshot = name });
    }

    [ChromiumFact]
    public async Task The_switch_goes_through_the_themes_and_is_remembered()
    {
        await using ScriptedServer server = await StartAsync((_, _) => Task.CompletedTask);
        await browser.UseAsync(server.Origin, async page =>
        {
            string ground = await GroundAsync(page);
            await page.GetByRole(AriaRole.Button, new() { Name = "Theme: Auto" }).ClickAsync();
            Assert.Equal(ground, await GroundAsync(page)); // the system uses a light theme
            await page.GetByRole(AriaRole.Button, new() { Name = "Theme: Light" }).ClickAsync();
            string dark = await GroundAsync(page);
            Assert.NotEqual(ground, dark);
            await page.ReloadAsync();
            Assert.Equal(dark, await GroundAsync(page));
            await page.GetByRole(AriaRole.Link, new() { Name = "API" }).ClickAsync();
            await page.WaitForURLAsync("**/docs"); // wait until it has loaded: a click does not wait for the document that it opens
            Assert.Equal(dark, await GroundAsync(page));
            await page.GetByRole(AriaRole.Button, new() { Name = "Theme: Dark" }).ClickAsync();
            Assert.Equal(ground, await GroundAsync(page));
        });

        static Task<string> GroundAsync(IPage page) =>
            page.Locator("body").EvaluateAsync<string>("body => getComputedStyle(body).backgroundColor");
    }

    [ChromiumFact]
    public async Task Users_who_want_less_motion_get_none()
    {
        var end = new TaskCompletionSource();
        await using ScriptedServer server = await StartAsync(async (http, _) =>
        {
            await SendAsync(http, """{"text":"a"}""");
            await end.Task;
            await EndAsync(http, Answer("caption", "p", "a"));
        });
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".streaming")).ToHaveTextAsync("a");
            Assert.Equal(
                "none",
                await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.streaming'), '::after').animationName"));
            end.SetResult();
        }, new PageView { Address = "#sample=sun" });
    }

    private static Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext http, IReadOnlyDictionary<string, string> fields) =>
        fields.GetValueOrDefault("question") switch
        {
            "fail" => FailAsync(http, 400, "A_word_that_is_so_long_that_it_must_be_broken_somewhere_or_the_page_would_grow_wide"),
            "busy" => FailAsync(http, 429, "The queue is full.", "600"),
            _ => EndAsync(http, Answer(http.Request.Path.Value!["/v1/".Length..], "p", "a car above a key",
                http.Request.Path.Value is "/v1/detect" or "/v1/segment"
                    ? [Found("car", 112, 2, 224, 84), Found("a key with a rather long name", 180, 112, 220, 217.5)]
                    : [])),
        };

    /// <summary>Nothing is wider than the window, except what scrolls inside its own box.</summary>
    private static async Task ExpectFitAsync(IPage page)
    {
        string[] wide = await page.EvaluateAsync<string[]>("""
            () => {
              const scrolls = node => {
                for (let at = node.parentElement; at; at = at.parentElement)
                  if (/auto|scroll|hidden/.test(getComputedStyle(at).overflowX)) return true;
                return false;
              };
              const sticksOut = node => node.getBoundingClientRect().right > innerWidth + 0.5;
              return [...document.body.querySelectorAll("*")]
                .filter(node => node.checkVisibility({ visibilityProperty: true }) && sticksOut(node) && !scrolls(node))
                .map(node => node.outerHTML.slice(0, 120));
            }
            """);
        Assert.Empty(wide);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The page scrolls sideways.");
    }

    /// <summary>
    /// Every control has a name and every picture a text; ids are unique, headings are in order and controls are large enough (WCAG 2.2:
    /// 1.1.1, 1.3.1, 2.4.3, 2.5.8, 4.1.2).
    /// </summary>
    private static async Task ExpectNamesAsync(IPage page) => Assert.Empty(await page.EvaluateAsync<string[]>("""
        () => {
          const faults = [], all = selector => [...document.querySelectorAll(selector)];
          const say = (node, what) => faults.push(`${what}: ${node.outerHTML.slice(0, 120)}`);
          const text = node => (node?.textContent ?? "").trim();
          const labelled = node => (node.getAttribute("aria-labelledby") ?? "").split(/\s+/)
            .some(id => id && text(document.getElementById(id)));
          const named = node => text(node) || node.getAttribute("aria-label")?.trim() || labelled(node)
            || [...node.labels ?? []].some(text) || node.querySelector("img[alt]:not([alt=''])");
          for (const node of all("a, button, input, select, textarea, summary, dialog, nav, section, iframe, video, [role], fieldset"))
            if (!node.matches("[aria-hidden=true], [role=alert], [role=status]") && node.checkVisibility() && !named(node))
              say(node, "no name");
          for (const node of all("img:not([alt])")) say(node, "no alternative text");
          for (const node of all("[tabindex]")) if (node.tabIndex > 0) say(node, "a focus order of its own");
          for (const node of all("[id]")) if (all(`[id="${CSS.escape(node.id)}"]`).length > 1) say(node, "an id twice");
          for (const node of all("[aria-hidden=true]"))
            for (const inner of [node, ...node.querySelectorAll("*")])
              if (inner.tabIndex >= 0 && inner.checkVisibility()) say(inner, "focus on what is hidden");
          for (const node of all("button, input:not([type=radio], [type=checkbox]), select, .tasks label, .switch")) {
            const { width, height } = node.getBoundingClientRect();
            if (node.checkVisibility() && !node.classList.contains("hidden") && Math.min(width, height) < 24)
              say(node, `smaller than 24 pixels (${width} x ${height})`);
          }
          if (!document.documentElement.lang) faults.push("no language");
          if (!document.title) faults.push("no title");
          for (const tag of ["h1", "main", "header"]) if (all(tag).length !== 1) faults.push(`not one ${tag}`);
          let last = 0;
          for (const node of all("h1, h2, h3, h4").filter(node => node.checkVisibility())) {
            const level = Number(node.tagName[1]);
            if (level > last + 1) say(node, "skips a level");
            last = level;
          }
          return faults;
        }
        """));

    /// <summary>
    /// The contrast of every text with its background is at least 4.5 to 1, or 3 to 1 for large text (WCAG 2.2, 1.4.3). Colors are read as
    /// the browser paints them.
    /// </summary>
    private static async Task ExpectContrastAsync(IPage page) => Assert.Empty(await page.EvaluateAsync<string[]>("""
        () => {
          const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
          const painted = colors => {
            context.clearRect(0, 0, 1, 1);
            for (const color of colors) {
              context.fillStyle = color;
              context.fillRect(0, 0, 1, 1);
            }
            return [...context.getImageData(0, 0, 1, 1).data];
          };
          const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const faults = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          let seen = 0;
          while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !node.checkVisibility({ visibilityProperty: true })) continue;
            if (node.closest(".hidden, .skip, noscript, script, option, datalist")) continue;
            const behind = [];
            for (let at = node; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
            const style = getComputedStyle(node), ground = painted(["#fff", ...behind]), ink = painted(["#fff", ...behind, style.color]);
            const [a, b] = [light(ground), light(ink)], contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
            seen++;
            if (contrast < (large ? 3 : 4.5)) faults.push(`${contrast.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 60)}`);
          }
          return seen < 10 ? [`only ${seen} texts were seen`] : faults;
        }
        """));
}
