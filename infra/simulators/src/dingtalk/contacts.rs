//! Contacts: who is who, by userId, mobile number, unionId, department and name. Free of the monthly quota.
//!
//! Spec section 3. Answers are typed as the real ones are, not texts as in the vendor's samples.

use serde_json::{Value, json};

use super::{
    call::Call,
    errors::{Answer, Refusal},
    people::{CONTACTS_ROOT, Person, Standing, role_id},
    permissions,
    state::State,
};

/// The largest page of `user/list` and of the search.
const LARGEST_PAGE: usize = 100;

/// `POST /topapi/v2/user/get`
pub(crate) fn get(state: &mut State, call: &Call) -> Answer {
    let user_id = needed(call, "userid")?;
    if !well_formed(user_id) {
        return Err(Refusal::oapi(33_012, "无效的userId"));
    }
    let person = state.people.get(user_id).ok_or_else(|| Refusal::oapi(60_121, "找不到该用户"))?;
    if !person.visible {
        return Err(out_of_range());
    }
    Ok(ok(state, &describe(state, person)))
}

/// `POST /topapi/v2/user/getbymobile`
pub(crate) fn get_by_mobile(state: &mut State, call: &Call) -> Answer {
    let mobile = needed(call, "mobile")?;
    let Some(person) = state.people.by_mobile(mobile) else {
        return Err(Refusal::oapi(40_104, "该手机号对应的用户不在该企业中"));
    };
    if !person.visible {
        return Err(out_of_range());
    }
    Ok(ok(state, &json!({"userid": person.user_id})))
}

/// `POST /topapi/user/getbyunionid`
pub(crate) fn get_by_union_id(state: &mut State, call: &Call) -> Answer {
    let union_id = needed(call, "unionid")?;
    let person = state.people.by_union(union_id).ok_or_else(|| Refusal::oapi(60_121, "找不到该用户"))?;
    if !person.visible {
        return Err(out_of_range());
    }
    Ok(ok(state, &json!({"contact_type": 0, "userid": person.user_id})))
}

/// `POST /topapi/v2/department/listsub`: direct children only.
pub(crate) fn list_sub_departments(state: &mut State, call: &Call) -> Answer {
    let id = call.integer("dept_id").unwrap_or(CONTACTS_ROOT);
    check_department(state, id)?;
    let below: Vec<Value> = state
        .people
        .below(id)
        .map(|department| {
            json!({
                "dept_id": department.id,
                "name": department.name,
                "parent_id": department.parent,
                "auto_add_user": true,
                "create_dept_group": true,
            })
        })
        .collect();
    Ok(ok(state, &json!(below)))
}

/// `POST /topapi/v2/user/list`: the people of this one department.
pub(crate) fn list(state: &mut State, call: &Call) -> Answer {
    let (Some(id), Some(cursor), Some(size)) =
        (call.integer("dept_id"), position(call, "cursor"), position(call, "size"))
    else {
        return Err(Refusal::oapi(400_002, "无效的参数"));
    };
    if !(1..=LARGEST_PAGE).contains(&size) {
        return Err(Refusal::oapi(400_002, "无效的参数"));
    }
    check_department(state, id)?;
    let mut members = state
        .people
        .everybody()
        .filter(|person| person.visible && person.departments.contains(&id))
        .skip(cursor)
        .peekable();
    let page: Vec<Value> = members.by_ref().take(size).map(|person| describe(state, person)).collect();
    let mut result = json!({"has_more": members.peek().is_some(), "list": page});
    if members.peek().is_some() {
        result["next_cursor"] = json!(cursor + size);
    }
    Ok(ok(state, &result))
}

/// `POST /v1.0/contact/users/search`: by name only.
pub(crate) fn search(state: &mut State, call: &Call) -> Answer {
    call.need_json()?;
    let word = call.text("queryWord").ok_or_else(|| Refusal::missing("queryWord"))?;
    let offset = position(call, "offset").ok_or_else(|| Refusal::missing("offset"))?;
    let size = position(call, "size").ok_or_else(|| Refusal::missing("size"))?;
    let whole = call.integer("fullMatchField") == Some(1);
    let found: Vec<&Person> = state
        .people
        .everybody()
        .filter(|person| person.visible)
        .filter(|person| if whole { person.name == word } else { person.name.contains(word) })
        .collect();
    let page: Vec<_> =
        found.iter().skip(offset).take(size.min(LARGEST_PAGE)).map(|person| &person.user_id).collect();
    let has_more = offset + page.len() < found.len();
    Ok(json!({"hasMore": has_more, "totalCount": found.len(), "list": page}))
}

fn check_department(state: &State, id: i64) -> Result<(), Refusal> {
    if state.people.department(id).is_none() {
        return Err(Refusal::oapi(60_003, "部门不存在"));
    }
    if !state.people.is_department_visible(id) {
        return Err(Refusal::oapi(50_004, "请求的部门id不在授权范围内"));
    }
    Ok(())
}

/// The person is there, but the application may not see them.
fn out_of_range() -> Refusal {
    Refusal::oapi(50_002, "请求的员工userid不在授权范围内")
}

fn describe(state: &State, person: &Person) -> Value {
    let departments = &person.departments;
    let active = person.standing == Standing::Active;
    let mut shown = json!({
        "userid": person.user_id,
        "unionid": person.union_id,
        "name": person.name,
        "avatar": "",
        "title": person.title,
        "job_number": person.job_number,
        "dept_id_list": departments,
        "dept_order_list":
            departments.iter().map(|id| json!({"dept_id": id, "order": 1})).collect::<Vec<_>>(),
        "leader_in_dept":
            departments.iter().map(|id| json!({"dept_id": id, "leader": person.leads.contains(id)})).collect::<Vec<_>>(),
        "role_list": person
            .roles
            .iter()
            .map(|role| json!({"id": role_id(role), "name": role, "group_name": "职务"}))
            .collect::<Vec<_>>(),
        "active": active,
        "admin": person.admin,
        "boss": false,
        "senior": false,
        "hide_mobile": false,
        "real_authed": active,
        "exclusive_account": false,
    });
    if let Some(manager) = &person.manager {
        shown["manager_userid"] = json!(manager);
    }
    if let Some(mobile) = &person.mobile
        && state.grants.contains(permissions::MOBILE_FIELD)
    {
        shown["mobile"] = json!(mobile);
        shown["state_code"] = json!("86");
    }
    if state.grants.contains(permissions::EMAIL_FIELD) {
        for (field, value) in [("email", &person.email), ("org_email", &person.org_email)] {
            if let Some(value) = value {
                shown[field] = json!(value);
            }
        }
    }
    shown
}

fn ok(state: &State, result: &Value) -> Value {
    json!({"errcode": 0, "errmsg": "ok", "result": result, "request_id": state.short_request_id()})
}

fn needed<'a>(call: &'a Call, field: &str) -> Result<&'a str, Refusal> {
    call.text(field).ok_or_else(|| Refusal::oapi(400_002, "无效的参数"))
}

fn position(call: &Call, field: &str) -> Option<usize> {
    usize::try_from(call.integer(field)?).ok()
}

fn well_formed(user_id: &str) -> bool {
    user_id.len() <= 64 && user_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-@.".contains(&byte))
}
